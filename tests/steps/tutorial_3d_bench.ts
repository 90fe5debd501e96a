/**
 * What the networks of the tutorial on volumes learn, over several seeds.
 *
 *     deno run -A tests/steps/tutorial_3d_bench.ts [--seeds 3] [--networks roi,patch,image]
 *
 * A row a seed and kind of network: held-out image-level balanced accuracy, mean over two folds; for seed 0
 * also that of networks trained on shuffled labels, with the 95 % interval of chance for as many images.
 * The aim: a median of at least 0.85 for regions, and shuffled labels within chance.
 */
import { parseArgs } from "node:util";
import { chanceHalfWidth, heldOutAccuracy, runNetworks, shuffleLabels } from "./held_out.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "3" },
    networks: { type: "string", default: "roi,patch,image" },
  },
});
const tutorial = await Deno.readTextFile(
  new URL("../../workflows/tutorial_3d.toml", import.meta.url),
);
/** Participants of the test set. */
const TEST_SIZE = 40;

const networks = values.networks.split(",");
const predictionsOf = (network: string) => [0, 1].map((fold) => `predict_${network}[fold=${fold}]`);
const predictions = networks.flatMap(predictionsOf);
const accuracies = new Map<string, number[]>(networks.map((network) => [network, []]));

for (let seed = 0; seed < Number(values.seeds); seed++) {
  const trained = await runNetworks(tutorial, seed, predictions);
  for (const [network, ofSeeds] of accuracies) {
    ofSeeds.push(await heldOutAccuracy(trained, predictionsOf(network)));
    console.log(`seed ${seed}, ${network}: ${ofSeeds[seed].toFixed(3)}`);
  }
  if (seed === 0) {
    const text = await shuffleLabels(tutorial, trained, seed);
    const control = await runNetworks(text, seed, predictions, trained.folder);
    const width = chanceHalfWidth(TEST_SIZE);
    const interval = `${(0.5 - width).toFixed(3)} to ${(0.5 + width).toFixed(3)}`;
    for (const network of networks) {
      const accuracy = await heldOutAccuracy(control, predictionsOf(network));
      console.log(`shuffled labels, ${network}: ${accuracy.toFixed(3)}, chance ${interval}`);
    }
  }
  await Deno.remove(trained.folder, { recursive: true });
}
for (const [network, ofSeeds] of accuracies) {
  const sorted = ofSeeds.toSorted((a, b) => a - b);
  console.log(`${network}: median ${sorted[Math.floor(sorted.length / 2)].toFixed(3)}`);
}
