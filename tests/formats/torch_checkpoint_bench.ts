/**
 * A checkpoint of ResNet-18's size (46.8 MB) read and written; the peer is fflate, which only takes
 * the archive apart (`unzipSync`) or puts it together (`zipSync`, stored).
 */
import { unzipSync, zipSync } from "fflate";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import type { Tensor } from "../../src/formats/tensor.ts";
import { readTorch, stateDict, writeTorch } from "../../src/formats/torch_checkpoint.ts";

/** 122 entries with 11.7 million elements. */
const tensors = new Map<string, Tensor>(
  Array.from({ length: 122 }, (_, i) => [
    `layer.${i}.weight`,
    { dtype: "float32", shape: [95_900], data: new Float32Array(95_900).fill(i) },
  ]),
);
const checkpoint = writeTorch({ model: tensors, epoch: 1 });
const archive = unzipSync(checkpoint);
const safetensors = writeSafetensors(tensors);

Deno.bench("read .pt: fflate, archive only", { group: "read", baseline: true }, () => {
  unzipSync(checkpoint);
});
Deno.bench("read .pt: readTorch and stateDict", { group: "read" }, () => {
  stateDict(readTorch(checkpoint, "a checkpoint"), "a checkpoint");
});
Deno.bench("read .safetensors: every tensor", { group: "read" }, () => {
  readSafetensors(safetensors, "a file").tensors();
});

Deno.bench("write .pt: fflate, archive only", { group: "write", baseline: true }, () => {
  zipSync(archive, { level: 0 });
});
Deno.bench("write .pt: writeTorch", { group: "write" }, () => {
  writeTorch({ model: tensors, epoch: 1 });
});
Deno.bench("write .safetensors", { group: "write" }, () => {
  writeSafetensors(tensors);
});
