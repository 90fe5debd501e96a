import { assert, assertEquals } from "@std/assert";
import type { ImagesDescription } from "../../../src/artifacts/images.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { createInitialState } from "../../../src/nn/state_dict.ts";
import { encodeWeights } from "../../../src/steps/model/weights.ts";
import { estimateTraining, trainingBytes } from "../../../src/steps/train/forecast.ts";
import {
  classificationParameters,
  type TrainingParams,
} from "../../../src/steps/train/parameters.ts";

const paramsOf = (given: Partial<TrainingParams>): TrainingParams =>
  classificationParameters.parse(given);

const images = (elements: number, ...element_shape: number[]): ImagesDescription => ({
  mode: "slice",
  elements,
  element_shape,
});

Deno.test("the forecast of a network's weights is the size of their file, to a part in a hundred", () => {
  for (const architecture of ["Conv5_FC3", "resnet18"] as const) {
    const network = createNetwork(architecture, [1, 64, 64], 2);
    const { length } = encodeWeights(network, createInitialState(network, 0), 0);
    const { weights } = trainingBytes(paramsOf({ architecture }), images(4, 1, 64, 64), 2)!;
    assert(Math.abs(weights / length - 1) < 0.01, `${architecture}: ${weights} for ${length}`);
  }
});

Deno.test("the 676 networks of oasis.toml are about 32 GB of weights, and the checkpoints are added", () => {
  const params = paramsOf({ architecture: "resnet18", multi_network: true });
  const { publishedBytes, diskBytes } = estimateTraining(params, images(169, 3, 208, 179));
  const [weights, stored] = [4 * publishedBytes!.model, 4 * diskBytes!];
  assert(weights > 31.4e9 && weights < 32e9, `${weights}`);
  // Newest weights and two moments of Adam, from which more epochs continue.
  assert(stored > 3.9 * weights && stored < 4.1 * weights, `${stored}`);
});

Deno.test("what is kept of each network counts: metrics, every epoch, moments, gradients", () => {
  const bytesOf = (given: Partial<TrainingParams>) => {
    const { weights, checkpoint } = trainingBytes(paramsOf(given), images(3, 1, 64, 64), 2)!;
    return [weights, checkpoint];
  };
  const [file, adam] = bytesOf({});
  const near = (actual: number[], ...expected: number[]) =>
    assertEquals(actual.map((bytes, i) => Math.round(100 * bytes / expected[i])), [100, 100]);
  near(bytesOf({ multi_network: true }), 3 * file, 3 * adam);
  near(bytesOf({ selection_metrics: ["loss", "BA"] }), 2 * file, adam);
  near(bytesOf({ save_all_models: true, epochs: 5 }), 6 * file, adam - file);
  near(bytesOf({ optimizer: "SGD" }), file, file);
  near(bytesOf({ optimizer: "SGD", momentum: 0.9 }), file, 2 * file);
  near(bytesOf({ accumulation_steps: 2 }), file, adam + file);
});

Deno.test("without the shape of the images nothing is known", () => {
  assertEquals(estimateTraining(paramsOf({}), { mode: "slice", images: 3 }), {});
});
