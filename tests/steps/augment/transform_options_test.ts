import { assertEquals, assertThrows } from "@std/assert";
import type { ImageSet } from "../../../src/artifacts/images.ts";
import { DataError } from "../../../src/errors.ts";
import {
  type Augmentations,
  augmentationsParameter,
} from "../../../src/steps/augment/augmentations.ts";
import { transformOptions } from "../../../src/steps/augment/transform_options.ts";

function imageSet(extraction: Record<string, unknown>, shape: number[]): ImageSet {
  return {
    artifact: { meta: { extraction } },
    mode: extraction.mode,
    elementShapes: [shape],
  } as unknown as ImageSet;
}

const volumes = imageSet(
  { mode: "image", preprocessing: "t1-linear", orientation: "RAS", spacing: [1, 2, 3] },
  [1, 40, 48, 40],
);
const sagittal = imageSet({
  mode: "slice",
  slice_direction: 0,
  preprocessing: "custom",
  orientation: "LSP",
  spacing: [1, 2, 3],
}, [3, 48, 40]);

const parse = (list: unknown): Augmentations => augmentationsParameter.parse(list)!;

function resolve(list: unknown, images = volumes, others = {}) {
  const warnings: string[] = [];
  const options = transformOptions(
    { augmentations: parse(list), ...others },
    images,
    (message) => warnings.push(message),
  );
  return { ...options!, warnings };
}

Deno.test("flips name anatomical axes, left and right only where asked for and with a warning", () => {
  const { entries, warnings } = resolve([{ flip: {} }]);
  assertEquals(entries[0].flip!.axes, [1, 2]);
  assertEquals(warnings, []);
  const lateral = resolve([{ flip: { axes: ["left_right"] } }]);
  assertEquals(lateral.entries[0].flip!.axes, [0]);
  assertEquals(lateral.warnings, [
    "augmentations flip left and right: what depends on the side, labels among it, is lost",
  ]);
});

Deno.test("axes and millimetres are those of the slices", () => {
  const { entries, spacing } = resolve([{ flip: {} }, { anisotropy: {} }], sagittal);
  assertEquals(entries[0].flip!.axes, [1, 0]);
  assertEquals(entries[1].anisotropy!.axes, [0, 1]);
  assertEquals(spacing, [2, 3]);
  const reduced = { size_reduction: true, size_reduction_factor: 2 };
  assertEquals(resolve([{ affine: {} }], volumes, reduced).spacing, [2, 4, 6]);
});

Deno.test("what the elements don't allow is refused", () => {
  const refused = (list: unknown, images: ImageSet, message: string) =>
    assertThrows(() => resolve(list, images), DataError, message);
  refused([{ flip: { axes: ["left_right"] } }], sagittal, "the slices lie across it");
  refused([{ ghosting: { axes: [2] } }], sagittal, "slices have the axes 0 and 1");
  refused([{ swap: { patch_size: [50, 4, 4] } }], volumes, "set a smaller patch_size");
  refused([{ elastic: { num_control_points: 4 } }], volumes, "none is left");
  const unknown = imageSet({ mode: "image", preprocessing: "custom" }, [1, 9, 9, 9]);
  refused([{ flip: {} }], unknown, "do not state where their axes point");
  assertEquals(resolve([{ blur: {} }], unknown).warnings, [
    "the images do not state the size of their voxels: augmentations take it as 1 mm",
  ]);
});

Deno.test("an entry has one transform, known keys, and ascending bounds", () => {
  const parses = (list: unknown) => augmentationsParameter.safeParse(list).success;
  assertEquals(
    parses([{ affine: { degrees: [-5, 5], scales: [0.9, 1.1, 1, 1, 0.8, 1.2] } }]),
    true,
  );
  assertEquals(parses([{ affine: {}, noise: {} }]), false);
  assertEquals(parses([{}]), false);
  assertEquals(parses([{ rotate: {} }]), false);
  assertEquals(parses([{ noise: { sigma: 1 } }]), false);
  assertEquals(parses([{ noise: { std: [0.2, 0.1] } }]), false);
  assertEquals(parses([{ noise: { p: 1.5 } }]), false);
  assertEquals(parses([{ spike: { num_spikes: [1, 2.5] } }]), false);
  assertEquals(parses([{ bias_field: { order: 21 } }]), false);
});
