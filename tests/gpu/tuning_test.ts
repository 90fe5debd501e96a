import { assertEquals } from "@std/assert";
import type { AdapterDescription } from "../../src/gpu/device.ts";
import { kernelTables, standardTable } from "../../src/gpu/tuning.ts";

const adapter = (description: string, subgroupMinSize: number): AdapterDescription => ({
  vendor: "65541",
  architecture: "",
  device: "",
  description,
  subgroupMinSize,
  isFallbackAdapter: false,
});

Deno.test("software adapters begin with 16 channels in registers at every vector width", () => {
  const { software, discrete } = kernelTables;
  assertEquals(software.directChannels, 16);
  assertEquals(standardTable(adapter("llvmpipe (LLVM 15.0.6, 512 bits)", 16)), software);
  assertEquals(standardTable(adapter("llvmpipe (LLVM 15.0.6, 256 bits)", 8)), software);
  assertEquals(standardTable(adapter("NVIDIA H200", 8)), discrete);
});
