/** How well networks of a workflow predict participants that no training has seen, and the same with shuffled labels. */
import { openArtifact } from "../../src/engine/store/artifact.ts";
import { run } from "../../src/engine/run/run.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { columnIndices, readTsv, writeTsv } from "../../src/formats/tsv.ts";
import { Random } from "../../src/random.ts";
import { reading, running } from "../../src/steps/engine_options.ts";
import { readWorkflow } from "../../src/workflow/read.ts";
import { balancedAccuracy } from "../imaging/generate/logistic_regression.ts";

export type Trained = Awaited<ReturnType<typeof runNetworks>>;

/**
 * Runs a workflow up to some instances of `predict_*`; publishes nothing.
 *
 * @param folder of an earlier run, whose results are used; a new one when absent
 */
export async function runNetworks(
  text: string,
  seed: number,
  predictions: readonly string[],
  folder?: string,
) {
  folder ??= await Deno.makeTempDir({ prefix: "gyrus-tutorial-" });
  const file = `${folder}/workflow.toml`;
  await Deno.writeTextFile(file, text.slice(0, text.indexOf("[publish]")));
  const workflow = await readWorkflow(file, { ...reading, set: [`params.seed=${seed}`] });
  const store = openStore(`${folder}/.gyrus`);
  const result = await run(store, workflow, { ...running, targets: [...predictions] });
  if (result.errors.length > 0) throw result.errors[0];
  const artifact = (instance: string, output: string) =>
    openArtifact(store, result.nodes.get(instance)!.outputs![output]);
  return { folder, artifact };
}

/** Mean over the predictions of the images' balanced accuracy, by networks chosen for theirs in validation. */
export async function heldOutAccuracy(
  { artifact }: Trained,
  predictions: readonly string[],
): Promise<number> {
  let sum = 0;
  for (const instance of predictions) {
    const path = "BA/image_level_prediction.tsv";
    const table = readTsv(await artifact(instance, "predictions").readText(path), path);
    const at = columnIndices(table, ["true_label", "predicted_label"], path);
    const labels = (column: number) => table.rows.map((row) => Number(row[column]));
    sum += balancedAccuracy(labels(at.predicted_label), labels(at.true_label));
  }
  return sum / predictions.length;
}

/** The workflow with labels that mean nothing: diagnoses drawn from the same people at random. */
export async function shuffleLabels(
  text: string,
  { folder, artifact }: Trained,
  seed: number,
): Promise<string> {
  const labels = readTsv(await artifact("labels", "labels").readText("table.tsv"), "labels");
  const { diagnosis } = columnIndices(labels, ["diagnosis"], "labels");
  const drawn = new Random(seed, "shuffled labels").shuffle(
    labels.rows.map((row) => row[diagnosis]),
  );
  const rows = labels.rows.map((row, i) => row.with(diagnosis, drawn[i]));
  const path = `${folder}/shuffled.tsv`;
  await Deno.writeTextFile(path, writeTsv(labels.columns, rows));
  const from = text.indexOf("[steps.labels]");
  const to = text.indexOf("# clinicadl tsvtools split");
  const step =
    `[steps.labels]\nuses = "tables.open"\nwith = { path = "${path}", content = "labels" }\n\n`;
  return text.slice(0, from) + step + text.slice(to);
}

/** Half the width of the 95 % interval of a fair coin's share in n throws. */
export function chanceHalfWidth(n: number): number {
  return 1.96 * Math.sqrt(0.25 / n);
}
