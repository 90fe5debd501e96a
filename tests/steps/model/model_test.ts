import { assertEquals, assertThrows } from "@std/assert";
import type { ImageSet } from "../../../src/artifacts/images.ts";
import { type ModelMeta, modelMeta } from "../../../src/artifacts/model.ts";
import { DataError } from "../../../src/errors.ts";
import { checkImages, createNetworkOf } from "../../../src/steps/model/model.ts";

function metaOf(fields: Partial<ModelMeta>): ModelMeta {
  return modelMeta({
    meta: {
      task: "classification",
      architecture: "resnet18",
      mode: "slice",
      multi_network: false,
      elements: [0],
      input_shape: [3, 64, 64],
      output_size: 2,
      label: "diagnosis",
      label_code: { AD: 0, CN: 1 },
      selection_metrics: ["loss"],
      split: 0,
      n_splits: 2,
      initial_weights: "random",
      extraction: {},
      leakage_checkable: true,
      parameters: {},
      ...fields,
    },
  });
}

const parametersOf = (meta: ModelMeta, index?: number) =>
  createNetworkOf(meta, index).parameters.tensors.map(({ name }) => name);

Deno.test("models of earlier versions and of ClinicaDL give the networks that they were", () => {
  const last = (parameters: ModelMeta["parameters"]) => parametersOf(metaOf({ parameters })).at(-1);
  assertEquals(last({ head: "clinicadl", dropout: 0 }), "fc_out.bias");
  assertEquals(last({ head: "linear", dropout: 0 }), "fc.bias");
  assertEquals(last({}), "fc_out.bias");
});

Deno.test("a model of volumes records what its network needs", () => {
  const volumes = { mode: "patch", input_shape: [1, 32, 32, 32] };
  const shortcuts = (parameters: ModelMeta["parameters"]) =>
    parametersOf(metaOf({ ...volumes, parameters })).filter((name) => name.includes("downsample"));
  assertEquals(shortcuts({}).length, 12);
  assertEquals(shortcuts({ shortcut_type: "A" }), []);
  const strided = createNetworkOf(metaOf({ ...volumes, parameters: { conv1_t_stride: 2 } }));
  assertEquals(strided.summarise()[0].output.depth, 16);
});

Deno.test("networks of regions that differ in size have a shape each, and images are compared with it", () => {
  const shapes = [[1, 8, 6, 8], [1, 6, 8, 9]];
  const meta = metaOf({
    architecture: "Conv5_FC3",
    mode: "roi",
    multi_network: true,
    elements: [0, 1],
    input_shape: shapes[0],
    input_shapes: shapes,
  });
  assertEquals([0, 1].map((index) => createNetworkOf(meta, index).input), shapes as never);
  const images = (elementShapes: number[][]) =>
    ({
      mode: "roi",
      elements: [0, 1],
      elementShapes,
      artifact: { meta: { extraction: {} } },
    }) as unknown as ImageSet;
  const check = (given: number[][]) => checkImages(images(given), meta, () => {});
  check(shapes);
  assertThrows(
    () => check([shapes[0], shapes[0]]),
    DataError,
    "have shape 1 x 8 x 6 x 8, the model takes 1 x 6 x 8 x 9",
  );
});

Deno.test("whole images are reduced as those of the model before their shapes are compared", () => {
  const meta = metaOf({
    architecture: "Conv5_FC3",
    mode: "image",
    input_shape: [1, 80, 96, 80],
    parameters: { size_reduction: true, size_reduction_factor: 2 },
  });
  const images = (shape: number[]) =>
    ({
      mode: "image",
      elements: [0],
      elementShapes: [shape],
      artifact: { meta: { extraction: {} } },
    }) as unknown as ImageSet;
  checkImages(images([1, 169, 208, 179]), meta, () => {});
  assertThrows(
    () => checkImages(images([1, 80, 96, 80]), meta, () => {}),
    DataError,
    "have shape 1 x 40 x 48 x 40, the model takes 1 x 80 x 96 x 80",
  );
});
