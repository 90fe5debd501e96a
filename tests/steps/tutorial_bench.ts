/**
 * What the tutorial's networks learn, over several seeds, beside two controls.
 *
 *     deno run -A tests/steps/tutorial_bench.ts [--seeds 5] [--folds 4]
 *
 * A row a seed: held-out image-level balanced accuracy of the single networks (mean over folds), of
 * a logistic regression on mean and histogram of the same slices (each slice by itself, then votes, as
 * the networks do; and in brackets on all slices of an image joined), and of networks trained on
 * shuffled labels, with the 95 % interval of chance for as many images.
 * The aim: networks with median at least 0.9 and none under 0.8, regression under 0.7, shuffled
 * labels within chance.
 */
import { parseArgs } from "node:util";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { columnIndices, readTsv } from "../../src/formats/tsv.ts";
import type { Artifact } from "../../src/workflow/step.ts";
import {
  balancedAccuracy,
  fitLogisticRegression,
} from "../imaging/generate/logistic_regression.ts";
import {
  chanceHalfWidth,
  heldOutAccuracy,
  runNetworks,
  shuffleLabels,
  type Trained,
} from "./held_out.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "5" },
    folds: { type: "string", default: "4" },
  },
});
const tutorial = await Deno.readTextFile(
  new URL("../../workflows/tutorial.toml", import.meta.url),
);
const predictions = Array.from(
  { length: Number(values.folds) },
  (_, fold) => `predict_single[fold=${fold}]`,
);

/** Trained on everyone outside the test set, since it needs no validation. */
async function regressionAccuracy({ artifact }: Trained) {
  const images = artifact("slices", "images");
  const train = await features(images, artifact("split", "train"));
  const test = await features(images, artifact("split", "test"));
  const slices = train.images.flatMap((image) => image);
  const ofSlices = train.images.flatMap((image, i) => image.map(() => train.truth[i]));
  const scoreSlice = fitLogisticRegression(slices, ofSlices);
  const vote = (image: number[][]) => image.reduce((sum, slice) => sum + scoreSlice(slice), 0);
  const scoreImage = fitLogisticRegression(train.images.map((image) => image.flat()), train.truth);
  const accuracy = (score: (image: number[][]) => number) =>
    balancedAccuracy(test.images.map((image) => score(image) > 0 ? 1 : 0), test.truth);
  return {
    votes: accuracy(vote),
    joined: accuracy((image) => scoreImage(image.flat())),
    participants: test.truth.length,
  };
}

async function features(images: Artifact, participants: Artifact) {
  const table = readTsv(await participants.readText("table.tsv"), "table.tsv");
  const at = columnIndices(table, ["participant_id", "session_id", "diagnosis"], "table.tsv");
  const described: number[][][] = [];
  for (const row of table.rows) {
    const path = `${row[at.participant_id]}/${row[at.session_id]}.safetensors`;
    const { shape, data } = readSafetensors(await images.read(path), path).tensor("data");
    const size = shape[2] * shape[3];
    const values = data as Float32Array;
    described.push(
      Array.from(
        { length: shape[0] },
        (_, z) => histogram(values.subarray(z * size, (z + 1) * size)),
      ),
    );
  }
  return { images: described, truth: table.rows.map((row) => row[at.diagnosis] === "AD" ? 0 : 1) };
}

/** Mean and sixteen bins of a slice scaled to [0, 1], as the networks see it. */
function histogram(slice: Float32Array): number[] {
  const low = slice.reduce((a, b) => Math.min(a, b));
  const high = slice.reduce((a, b) => Math.max(a, b));
  const bins = new Array<number>(16).fill(0);
  let mean = 0;
  for (const value of slice) {
    const scaled = (value - low) / (high - low);
    mean += scaled / slice.length;
    bins[Math.min(15, Math.floor(scaled * 16))] += 1 / slice.length;
  }
  return [mean, ...bins];
}

const accuracies: number[] = [];
for (let seed = 0; seed < Number(values.seeds); seed++) {
  const trained = await runNetworks(tutorial, seed, predictions);
  const network = await heldOutAccuracy(trained, predictions);
  const regression = await regressionAccuracy(trained);
  accuracies.push(network);
  console.log(
    `seed ${seed}: networks ${network.toFixed(3)}, logistic regression ${
      regression.votes.toFixed(3)
    } (${regression.joined.toFixed(3)})`,
  );
  if (seed === 0) {
    const control = await runNetworks(
      await shuffleLabels(tutorial, trained, seed),
      seed,
      predictions,
      trained.folder,
    );
    const accuracy = await heldOutAccuracy(control, predictions);
    const width = chanceHalfWidth(regression.participants);
    console.log(
      `shuffled labels: networks ${accuracy.toFixed(3)}, chance ${(0.5 - width).toFixed(3)} to ${
        (0.5 + width).toFixed(3)
      }`,
    );
  }
  await Deno.remove(trained.folder, { recursive: true });
}
const sorted = accuracies.toSorted((a, b) => a - b);
console.log(
  `median ${sorted[Math.floor(sorted.length / 2)].toFixed(3)}, lowest ${sorted[0].toFixed(3)}`,
);
