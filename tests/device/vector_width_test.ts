import { assertEquals } from "@std/assert";
import { saveTunedTable } from "../../src/device/kernel_tables.ts";
import {
  countResults,
  hasVectorWidth,
  rankVectorWidths,
  withVectorWidth,
} from "../../src/device/vector_width.ts";
import { digestOf } from "../../src/engine/store/digest.ts";
import { openStore, type Store } from "../../src/engine/store/store.ts";
import type { AdapterDescription } from "../../src/gpu/device.ts";
import { kernelTables } from "../../src/gpu/tuning.ts";
import type { Json } from "../../src/workflow/step.ts";
import { inFolder } from "../engine/scratch.ts";

const narrow: AdapterDescription = {
  vendor: "65541",
  architecture: "",
  device: "",
  description: "llvmpipe (LLVM 15.0.6, 256 bits)",
  subgroupMinSize: 8,
  isFallbackAdapter: false,
};

async function measure(store: Store, bits: number, milliseconds: number): Promise<void> {
  const candidate = { table: kernelTables.software, milliseconds };
  await saveTunedTable(store, withVectorWidth(narrow, bits), candidate);
}

Deno.test("the width of an adapter changes its description and its subgroups", () => {
  assertEquals(withVectorWidth(narrow, 512), {
    ...narrow,
    description: "llvmpipe (LLVM 15.0.6, 512 bits)",
    subgroupMinSize: 16,
  });
  assertEquals(withVectorWidth(narrow, 256), narrow);
  assertEquals(hasVectorWidth(narrow), true);
  assertEquals(hasVectorWidth({ ...narrow, description: "NVIDIA H200" }), false);
});

Deno.test("the faster vector width comes first, the current one unless another gains 3 %", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const first = (current: number) => rankVectorWidths(store, narrow, current).map((w) => w.bits);
    await measure(store, 256, 100);
    assertEquals(first(256), [256], "512 was not measured");
    await measure(store, 512, 98);
    assertEquals([first(256), first(512)], [[256, 512], [512, 256]]);
    await measure(store, 512, 90);
    assertEquals([first(256), first(512)], [[512, 256], [512, 256]]);
    await measure(store, 512, 140);
    assertEquals([first(256), first(512)], [[256, 512], [256, 512]]);
  });
});

Deno.test("results of the other vector width are counted, steps without a device are not", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const classes: (Json | undefined)[] = [
      { description: narrow.description, subgroupSize: 8 },
      { description: narrow.description, subgroupSize: 8, kernels: {} },
      { description: withVectorWidth(narrow, 512).description, subgroupSize: 16 },
      undefined,
    ];
    for (const [i, numericClass] of classes.entries()) {
      await store.publishRecord({
        type: "instance",
        key: digestOf(`${i}`),
        parts: {
          kind: "k",
          version: 1,
          params: {},
          paths: {},
          inputs: {},
          ...(numericClass !== undefined && { numericClass }),
        },
        outputs: {},
        created: "2026-01-01T00:00:00.000Z",
        seconds: 0,
        bytes: 0,
        made: {},
      });
    }
    assertEquals([256, 512].map((bits) => countResults(store, narrow, bits)), [2, 1]);
  });
});
