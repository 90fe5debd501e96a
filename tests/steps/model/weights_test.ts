import { assertEquals } from "@std/assert";
import { writeSafetensors } from "../../../src/formats/safetensors.ts";
import { readWeightsFile } from "../../../src/steps/model/weights.ts";

Deno.test("safetensors of a compiled network are read under the network's own names", async () => {
  const tensor = { dtype: "float32", shape: [1], data: Float32Array.of(2) } as const;
  const bytes = writeSafetensors({ "_orig_mod.fc.weight": tensor, "_orig_mod.fc.bias": tensor });
  const read = await readWeightsFile(new Uint8Array(bytes), "w.safetensors");
  assertEquals([...read.keys()].sort(), ["fc.bias", "fc.weight"]);
});
