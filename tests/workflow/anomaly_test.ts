/** The workflow of anomaly maps: its short form on fewer and smaller heads, its long form as published. */
import { assert, assertEquals } from "@std/assert";
import { columnIndices, readTsv } from "../../src/formats/tsv.ts";
import { Project } from "../steps/workflows.ts";

const WORKFLOW = new URL("../../workflows/anomaly.toml", import.meta.url);
const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const SMALLER = [
  "params.n_subjects=8",
  "params.epochs=1",
  "heads.image_size=16",
  "caps.n_subjects=16",
  "split.n_test=6",
  "split.ignore_demographics=true",
  "healthy.n_test=6",
  "healthy.ignore_demographics=true",
  "train.n_conv=2",
];
const SEEDS = full ? [0, 1, 2] : [0];

Deno.test("healthy heads train a network whose maps find those with hypometabolism", async () => {
  await using project = await Project.create();
  await project.write("anomaly.toml", await Deno.readTextFile(WORKFLOW));
  const areas: number[] = [];
  for (const seed of SEEDS) {
    const set = [...full ? [] : SMALLER, `params.seed=${seed}`];
    const outcome = await project.runFile(`${project.folder}/anomaly.toml`, set);
    assertEquals(outcome.result.status, "done");
    areas.push(areaOf(await project.read("results/anomaly/auc.tsv")));
  }
  const median = areas.sort((a, b) => a - b)[areas.length >> 1];
  assert(!full || median >= 0.8, `areas under the ROC curve ${areas.join(", ")}`);
});

/** By the score of the image. */
function areaOf(auc: string): number {
  const table = readTsv(auc, "auc.tsv");
  const at = columnIndices(table, ["score", "ROC_AUC"], "auc.tsv");
  return Number(table.rows.find((row) => row[at.score] === "score")![at.ROC_AUC]);
}
