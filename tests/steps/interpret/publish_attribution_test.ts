import { assert, assertEquals } from "@std/assert";
import { isTensor } from "../../../src/formats/tensor.ts";
import { readTorch } from "../../../src/formats/torch_checkpoint.ts";
import { type Geometry, writeMaps } from "../../../src/artifacts/attribution_maps.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { publishAttribution } from "../../../src/steps/interpret/publish_attribution.ts";
import type { Blob } from "../../../src/workflow/step.ts";
import { MemoryStore, writtenBytes } from "../memory.ts";

const affine = Float64Array.of(0, 2, 0, 5, -1, 0, 0, 6, 0, 0, 3, 7, 0, 0, 0, 1);
const grid = Int32Array.of(2, 3, 6);
/** Slices 4 and 0 across the third axis, 2 by 3. */
const maps = Float32Array.from({ length: 12 }, (_, i) => i + 1);
const shapes = [[2, 3], [2, 3]];

async function published(geometry: Geometry): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const store = new MemoryStore();
  const path = "loss/individual/sub-1_ses-M000_map.safetensors";
  const artifact = await store.artifact("attribution", {
    meta: { mode: "slice", elements: [0, 1], extraction: { slice_direction: 2 } },
    files: {
      [path]: writeMaps({ shapes, maps, ...geometry }),
      "loss/individual/sub-1_ses-M000_map.png": Uint8Array.of(1, 2),
    },
  });
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  await publishAttribution(artifact, {
    write: async (path, content) => {
      files.set(path, await writtenBytes(content));
    },
    copy: async (path: string, blob: Blob) => {
      files.set(path, await store.get(blob));
    },
  });
  return files;
}

Deno.test("maps of an image with slices of its own are numbered by position, and placed where they were", async () => {
  const files = await published({ elements: Int32Array.of(4, 0), affine, grid });
  const stem = "loss/individual/sub-1_ses-M000";
  assertEquals([...files.keys()].sort(), [
    `${stem}_map.nii.gz`,
    `${stem}_map.png`,
    `${stem}_slice-0_map.pt`,
    `${stem}_slice-1_map.pt`,
  ]);
  assertEquals(files.get(`${stem}_map.png`), Uint8Array.of(1, 2));
  const tensor = readTorch(files.get(`${stem}_slice-1_map.pt`)!, "map.pt");
  assert(isTensor(tensor));
  assertEquals([tensor.shape, tensor.data], [[1, 2, 3], maps.slice(6)]);
  const nifti = readNifti(files.get(`${stem}_map.nii.gz`)!, "map.nii.gz");
  assertEquals([nifti.shape, nifti.affine], [[2, 3, 6], affine]);
  const at = (x: number, y: number, z: number) => nifti.voxels[x + 2 * (y + 3 * z)];
  assertEquals([at(0, 0, 4), at(0, 2, 4), at(1, 2, 4)], [1, 3, 6]);
  assertEquals([at(0, 0, 0), at(1, 0, 0), at(1, 2, 0)], [7, 10, 12]);
  assertEquals([1, 2, 3, 5].every((z) => at(1, 1, z) === 0), true);
});

Deno.test("maps of tensors that were opened without their volume are no volumes", async () => {
  const files = await published({ elements: Int32Array.of(0, 1) });
  assertEquals([...files.keys()].some((path) => path.endsWith(".nii.gz")), false);
  assertEquals([...files.keys()].filter((path) => path.endsWith(".pt")).length, 2);
});
