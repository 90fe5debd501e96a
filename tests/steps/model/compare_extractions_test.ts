import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { compareExtractions } from "../../../src/steps/model/compare_extractions.ts";
import type { Json } from "../../../src/workflow/step.ts";

type Extraction = Record<string, Json>;

/** As ClinicaDL writes it. */
const maps: Extraction = {
  preprocessing: "t1-linear",
  mode: "slice",
  use_uncropped_image: false,
  prepare_dl: true,
  extract_json: "a",
  slice_direction: 0,
  slice_mode: "rgb",
  discarded_slices: [0, 0],
};

const gyrus: Extraction = { ...maps, orientation: "RAS", spacing: [1, 1, 1] };

const refuses = (given: Extraction, model: Extraction, problem: string) =>
  assertThrows(() => compareExtractions(given, model), DataError, `images: ${problem}`);

Deno.test("extractions alike, or of other names, are taken", () => {
  assertEquals(compareExtractions(gyrus, { ...gyrus, extract_json: "b" }), []);
  assertEquals(compareExtractions(gyrus, { ...gyrus, spacing: [1, 1.001, 1] }), []);
  assertEquals(compareExtractions({ ...maps, roi_custom_template: "" }, maps), []);
  assertEquals(compareExtractions(maps, { ...maps, roi_background_value: 0 }), []);
  const file_type = (pattern: string, description: string) => ({
    file_type: { pattern, description },
  });
  assertEquals(
    compareExtractions(
      { ...gyrus, ...file_type("*_T1w.nii.gz", "T1w image") },
      { ...maps, ...file_type("*_T1w.nii.gz", "T1W Image registered using t1-linear pipeline") },
    ),
    [],
  );
  assertEquals(
    compareExtractions({ ...gyrus, ...file_type("*_a.nii", "") }, {
      ...maps,
      ...file_type("*_b.nii", ""),
    }),
    ['the images are of another kind: file_type "*_a.nii", the model "*_b.nii"'],
  );
});

Deno.test("a key that only one side has is compared too", () => {
  const grid = { target_grid: { shape: [4, 4, 4], spacing: [1, 1, 1] } };
  const problem = (ours: string, theirs: string) =>
    `have target_grid ${ours}, the model ${theirs}; extract them with the same parameters`;
  refuses({ ...gyrus, ...grid }, gyrus, problem(JSON.stringify(grid.target_grid), "none"));
  refuses(gyrus, { ...gyrus, ...grid }, problem("none", JSON.stringify(grid.target_grid)));
  refuses({ ...gyrus, size_reduction_factor: 2 }, maps, "have size_reduction_factor 2");
  refuses({ ...gyrus, roi_custom_template: "own" }, gyrus, 'have roi_custom_template "own"');
  assertEquals(compareExtractions({ ...gyrus, tracer: "18FFDG" }, gyrus), [
    'the images are of another kind: tracer "18FFDG", the model none',
  ]);
  assertEquals(compareExtractions(gyrus, { ...gyrus, custom_suffix: "x.nii" }), [
    'the images are of another kind: custom_suffix none, the model "x.nii"',
  ]);
});

Deno.test("slices that each image has of its own are not those of another extraction", () => {
  refuses({ ...gyrus, own_slices: true }, gyrus, "have own_slices true, the model none");
  const counted = { ...maps, discarded_slices: [4, 0], num_slices: 3 };
  assertEquals(compareExtractions(gyrus, counted), []);
});

Deno.test("a model of ClinicaDL takes arrays as stored, and nothing that was turned", () => {
  assertEquals(compareExtractions(gyrus, maps), []);
  assertEquals(compareExtractions({ ...gyrus, orientation: "LAS" }, maps), []);
  refuses(
    { ...gyrus, reoriented_from: ["LAS"] },
    maps,
    'were turned from ["LAS"] to "RAS", but the model, like those of ClinicaDL, took arrays as ' +
      'stored; extract with orientation = "stored"',
  );
});

Deno.test("images of another orientation or voxel size than the model's are refused", () => {
  assertEquals(compareExtractions({ ...gyrus, reoriented_from: ["LIA"] }, gyrus), []);
  refuses({ ...gyrus, orientation: "LAS" }, gyrus, "are cut in the orientation LAS, the model was");
  refuses(gyrus, { ...gyrus, orientation: "LAS" }, "are cut in the orientation RAS, the model was");
  refuses(
    { ...gyrus, spacing: [2, 2, 2] },
    gyrus,
    "have voxels of 2 x 2 x 2 mm, the model was trained on 1 x 1 x 1 mm; resample them",
  );
});

Deno.test("tensors of ClinicaDL without an orientation fit where Clinica's images are RAS", () => {
  assertEquals(compareExtractions(maps, gyrus), []);
  const custom = { preprocessing: "custom" };
  assertEquals(compareExtractions({ ...maps, ...custom }, { ...gyrus, ...custom }), [
    "the images do not state their orientation, as tensors of ClinicaDL; the model was trained on " +
    "RAS ones: make sure that theirs is the same",
  ]);
});
