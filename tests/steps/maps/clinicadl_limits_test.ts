import { assertEquals, assertStringIncludes } from "@std/assert";
import type { MapsDescription } from "../../../src/maps/description.ts";
import { clinicadlLimits } from "../../../src/steps/maps/clinicadl_limits.ts";

const t1 = { preprocessing: "t1-linear" };

function limits(mode: string, more: Partial<MapsDescription> = {}): string[] {
  const { extraction, ...rest } = more;
  return clinicadlLimits({
    architecture: "Conv5_FC3",
    mode,
    multi_network: false,
    elements: [0, 1],
    input_shape: mode === "slice" ? [3, 64, 64] : [1, 64, 64, 64],
    output_size: 2,
    parameters: {},
    ...rest,
    extraction: { mode, ...t1, ...extraction },
  } as MapsDescription);
}

function assertLimit(found: string[], text: string): void {
  assertEquals(found.length, 1, found.join("; "));
  assertStringIncludes(found[0], text);
}

Deno.test("ClinicaDL predicts with consecutive slices and uncut images of Clinica as they are", () => {
  assertEquals(limits("slice"), []);
  assertEquals(limits("image", { elements: [0] }), []);
});

Deno.test("what ClinicaDL needs besides the published elements is stated", () => {
  assertLimit(limits("patch"), "publish those of extract.images into the same CAPS");
  // With a network a patch it counts nothing.
  assertEquals(limits("patch", { multi_network: true }), []);
  assertLimit(
    limits("roi"),
    "in masks/tpl-MNI152NLin2009cSym of the CAPS and with _desc-Crop_ and res-1x1x1 in their names",
  );
  const own = { roi_custom_template: "own", roi_custom_mask_pattern: "thick" };
  assertLimit(
    limits("roi", { extraction: { preprocessing: "custom", ...own } }),
    "in masks/tpl-own of the CAPS and with _desc-Crop_ and thick in their names",
  );
  // Of its own pipelines' images ClinicaDL does not read these two.
  assertLimit(limits("roi", { extraction: own }), "in masks/tpl-MNI152NLin2009cSym of the CAPS");
});

Deno.test("what ClinicaDL can't use is stated: images of BIDS, other slices, networks, normalisation", () => {
  assertLimit(limits("slice", { extraction: { preprocessing: "T1w" } }), "and these are T1w");
  assertLimit(limits("slice", { elements: [5, 8] }), "consecutive slices only, and these are 5, 8");
  assertLimit(limits("slice", { architecture: "resnet34" }), "ClinicaDL has no resnet34");
  assertLimit(
    limits("slice", { parameters: { normalization_level: "image" } }),
    "normalises each element by itself",
  );
});

Deno.test("networks that ClinicaDL can't build are stated, as its constructors take them", () => {
  const shape = (...input_shape: number[]) => ({ elements: [0], input_shape });
  const residual = { architecture: "ResNet3D", ...shape(1, 169, 208, 179) };
  assertEquals(limits("image", residual), []);
  assertEquals(limits("image", { ...residual, architecture: "SqueezeExcitationCNN" }), []);
  assertLimit(
    limits("image", { ...residual, ...shape(1, 64, 64, 64) }),
    "ClinicaDL's ResNet3D takes 1x169x208x179 to 2 outputs, this one 1x64x64x64 to 2: it can't run",
  );
  assertLimit(limits("image", { ...residual, output_size: 3 }), "this one 1x169x208x179 to 3");
  const resnet = { architecture: "resnet18" };
  assertEquals(limits("slice", resnet), []);
  for (const taken of [shape(1, 64, 64), shape(1, 64, 64, 64)]) {
    assertLimit(
      limits("slice", { ...resnet, ...taken }),
      `takes slices of three channels, this one ${taken.input_shape.join("x")}`,
    );
  }
});

for (const [architecture, least] of [["Conv5_FC3", 16], ["Stride_Conv5_FC3", 32]] as const) {
  Deno.test(`ClinicaDL builds ${architecture} for elements of more than ${least} voxels along an axis`, () => {
    const build = (extent: number) =>
      limits("image", { architecture, elements: [0], input_shape: [1, least, extent, 8] });
    assertEquals(build(least + 1), []);
    assertLimit(build(least), `only where an axis has more than ${least} voxels, and these are 1x`);
  });
}

Deno.test("ClinicaDL builds no networks for regions of different sizes", () => {
  const input_shapes = [[1, 30, 40, 30], [1, 31, 40, 30]];
  const [limit, masks] = limits("roi", {
    multi_network: true,
    input_shape: input_shapes[0],
    input_shapes,
  });
  assertStringIncludes(limit, "for one size of regions, and these differ: 1x30x40x30, 1x31x40x30");
  assertStringIncludes(masks, "the masks");
});

Deno.test("ClinicaDL reduces the cropped template only, by its own window", () => {
  const reduce = (size_reduction_factor: number, ...input_shape: number[]) =>
    limits("image", {
      elements: [0],
      input_shape,
      parameters: { size_reduction: true, size_reduction_factor },
    });
  assertEquals(reduce(2, 1, 80, 96, 80), []);
  assertEquals(reduce(5, 1, 32, 40, 32), []);
  assertLimit(
    reduce(2, 1, 32, 32, 32),
    "can't predict with this MAPS, whose reduced images are 1x32x32x32",
  );
});
