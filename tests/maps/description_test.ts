import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { type MapsDescription, readMapsJson, writeMapsJson } from "../../src/maps/description.ts";

const description: MapsDescription = {
  task: "classification",
  architecture: "resnet18",
  mode: "slice",
  multi_network: true,
  elements: [40, 41, 42],
  input_shape: [3, 169, 208],
  output_size: 2,
  label: "diagnosis",
  label_code: { AD: 0, CN: 1 },
  selection_metrics: ["loss", "BA"],
  n_splits: 4,
  initial_weights: "file",
  leakage_checkable: false,
  extraction: { mode: "slice", preprocessing: "t1-linear", discarded_slices: [40, 136] },
  parameters: { batch_size: 16, data_augmentation: [], loss: "MultiMarginLoss" },
};

Deno.test("maps.json has ClinicaDL's keys, flat, with its defaults where nothing was chosen", () => {
  const maps = JSON.parse(writeMapsJson(description, "CAPS", ["AD", "CN"]));
  assertEquals(maps.batch_size, 16);
  assertEquals(maps.optimizer, "Adam");
  assertEquals(maps.loss, "MultiMarginLoss");
  assertEquals(maps.network_task, "classification");
  assertEquals(maps.num_networks, 3);
  assertEquals(maps.input_size, [3, 169, 208]);
  assertEquals(maps.validation, "KFoldSplit");
  assertEquals(maps.diagnoses, ["AD", "CN"]);
  assertEquals(maps.preprocessing_dict, { ...description.extraction, num_slices: 3 });
  assertEquals(maps.caps_directory, "CAPS");
  assertEquals([maps.initial_weights, maps.leakage_checkable], ["file", false]);
  assertEquals([maps.gpu, maps.data_augmentation, maps.ssda_network], [false, false, false]);
});

Deno.test("maps.json lists the diagnoses that ClinicaDL is to predict, where the label is another too", () => {
  const regression: MapsDescription = {
    ...description,
    task: "regression",
    label: "age",
    label_code: {},
  };
  const diagnosesOf = (text: string) => JSON.parse(text).diagnoses;
  assertEquals(diagnosesOf(writeMapsJson(regression, "")), ["AD", "CN"]);
  assertEquals(diagnosesOf(writeMapsJson(regression, "", ["CN", "MCI"])), ["CN", "MCI"]);
  const chosen = { ...regression, parameters: { diagnoses: ["MCI"] } };
  assertEquals(diagnosesOf(writeMapsJson(chosen, "", ["CN"])), ["MCI"]);
});

Deno.test("maps.json that was written is read as what it was written from", () => {
  const { parameters, ...read } = readMapsJson(writeMapsJson(description, ""), "maps.json");
  const { parameters: written, ...expected } = description;
  assertEquals(read, expected);
  assertEquals(parameters.batch_size, written.batch_size);
});

Deno.test("maps.json of volumes states how they are reduced, and keeps the sizes of regions", () => {
  const volumes: MapsDescription = {
    ...description,
    architecture: "Conv5_FC3",
    mode: "image",
    elements: [0],
    input_shape: [1, 32, 40, 32],
    extraction: { mode: "image", preprocessing: "t1-linear" },
    parameters: { size_reduction: true, size_reduction_factor: 5 },
  };
  const written = JSON.parse(writeMapsJson(volumes, ""));
  assertEquals([written.size_reduction, written.size_reduction_factor], [true, 5]);
  assertEquals([written.mode, written.input_size, written.num_networks], [
    "image",
    [1, 32, 40, 32],
    1,
  ]);
  const parameters = { size_reduction: true, size_reduction_factor: null };
  assertEquals(JSON.parse(writeMapsJson({ ...volumes, parameters }, "")).size_reduction_factor, 2);
  const input_shapes = [[1, 30, 40, 30], [1, 31, 40, 30]];
  const regions = { ...volumes, mode: "roi", input_shape: input_shapes[0], input_shapes };
  assertEquals(readMapsJson(writeMapsJson(regions, ""), "maps.json").input_shapes, input_shapes);
});

Deno.test("maps.json states ClinicaDL's head where a plain one is written as its two layers", () => {
  const headOf = (input_shape: number[]) =>
    JSON.parse(writeMapsJson({ ...description, input_shape, parameters: { head: "linear" } }, ""))
      .head;
  assertEquals(headOf([3, 169, 208]), "clinicadl");
  assertEquals(headOf([1, 64, 64, 64]), "linear");
});

Deno.test("maps.json states consecutive slices as ClinicaDL takes them, and keeps others", () => {
  const written = (elements: number[], more = {}) => {
    const extraction = { mode: "slice", discarded_slices: [0, 0], ...more };
    const text = writeMapsJson({ ...description, elements, extraction }, "");
    const read = readMapsJson(text, "maps.json");
    assertEquals([read.elements, read.extraction], [elements, extraction]);
    const { discarded_slices, num_slices } = JSON.parse(text).preprocessing_dict;
    return [discarded_slices, num_slices];
  };
  assertEquals(written([30, 31, 32]), [[30, 0], 3]);
  assertEquals(written([29, 32, 35, 38]), [[0, 0], undefined]);
  assertEquals(written([32, 31, 30]), [[0, 0], undefined]);
  assertEquals(written([0, 1], { own_slices: true }), [[0, 0], undefined]);
  assertEquals(written([4, 5], { discarded_slices: 4 }), [4, 2]);
});

Deno.test("maps.json of older ClinicaDL versions is read: former names, options that were not grouped", () => {
  const read = readMapsJson(
    JSON.stringify({
      network_task: "classification",
      model: "Conv5_FC3",
      multi: false,
      minmaxnormalization: true,
      mode: "slice",
      preprocessing: "t1-linear",
      discarded_slices: 20,
      slice_direction: 1,
      num_networks: 2,
      input_size: [3, 10, 10],
      output_size: 2,
      label_code: { AD: 0, CN: 1 },
      caps_directory: "somewhere",
    }),
    "maps.json",
  );
  assertEquals(read.architecture, "Conv5_FC3");
  assertEquals(read.elements, [20, 21]);
  assertEquals(read.extraction, {
    mode: "slice",
    preprocessing: "t1-linear",
    slice_direction: 1,
    discarded_slices: 20,
  });
  assertEquals(read.parameters, { normalize: true });
  assertEquals([read.initial_weights, read.leakage_checkable], ["unknown", true]);
});

Deno.test("maps.json that lacks something, or is none, is refused by name", () => {
  const read = (text: string) => () => readMapsJson(text, "maps.json");
  assertThrows(read("{"), DataError, "maps.json: line 1: not JSON");
  assertThrows(read("[]"), DataError, "is not a JSON object");
  assertThrows(read("{}"), DataError, 'lacks "network_task"');
  assertThrows(read('{"network_task": "segmentation"}'), DataError, "trained for segmentation");
  const without = JSON.parse(writeMapsJson(description, ""));
  delete without.input_size;
  assertThrows(read(JSON.stringify(without)), DataError, 'lacks "input_size"');
  assertThrows(
    read(JSON.stringify({ ...without, input_size: "3@10x10" })),
    DataError,
    '"input_size" is not a list of numbers',
  );
  assertThrows(
    read(writeMapsJson(description, "").replace('"num_networks": 3', '"num_networks": 2')),
    DataError,
    '"elements" lists 3, "num_networks" is 2',
  );
});
