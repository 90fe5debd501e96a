/** What predict refuses, and what it warns of. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StepError } from "../../../src/errors.ts";
import {
  createProject,
  openedGroups,
  prediction,
  step,
  tinyTraining,
  type Value,
} from "../recipes.ts";

const GROUPS = { early: [0, 4], judge: [4, 2], fresh: [6, 2] } as const;

const TRAINED = openedGroups(Object.keys(GROUPS), { slices: [3, 4] }) +
  tinyTraining({}, { in: { train: "early", validation: "judge" } });

/** Slices of another kind, and a prediction of them. */
const predictOther = (slices: Record<string, Value>) =>
  step("other", "extract.slices", {
    in: { caps: "caps" },
    with: { slice_mode: "single", ...slices },
  }) +
  prediction("fresh", {}, { in: { images: "other" } });

const prepare = () => createProject(GROUPS, [32, 32, 32]);

Deno.test("images that were not cut as the training's, and groups that are not there, are refused", async (t) => {
  await using project = await prepare();
  const refused = async (message: string, text: string) => {
    await assertRejects(() => project.run(TRAINED + text), StepError, message);
  };
  await t.step("slices along another axis, though they have the same shape and ids", () =>
    refused(
      "images: have slice_direction 0, the model 2",
      predictOther({ slice_direction: 0, slices: [3, 4] }),
    ));
  await t.step("other slices of the same axis", () =>
    refused(
      "hold other elements than the model was trained on",
      predictOther({ slice_direction: 2, slices: [5, 6] }),
    ));
  await t.step(
    "a label whose column is absent",
    () => refused('no column "mmse"', prediction("fresh", { label: "mmse" })),
  );
  await t.step(
    "a group that the model does not have",
    () => refused('has no group "night"', prediction(undefined, { data_group: "night" })),
  );
  await t.step("a selection from a group of the model", () =>
    refused(
      'all of the model\'s group "validation" is predicted',
      prediction(undefined, { data_group: "validation", diagnoses: ["AD"] }),
    ));
  await t.step(
    "a best network that there is not",
    () => refused("no best network by BA", prediction("fresh", { selection_metrics: ["BA"] })),
  );
});

Deno.test("participants without the label's column are predicted, with a warning", async () => {
  await using project = await prepare();
  await project.write("fresh.tsv", "participant_id\tsession_id\nsub-06\tses-M000\n");
  const outcome = await project.run(TRAINED + prediction("fresh"));
  assert(outcome.warnings.some((line) => line.includes('no column "diagnosis"')));
  const predictions = project.artifact(outcome, "predict", "predictions");
  const text = await predictions.readText("loss/image_level_prediction.tsv");
  assertEquals(text.split("\n")[1].split("\t").slice(0, 4), ["sub-06", "ses-M000", "0", "n/a"]);
});

Deno.test("a session without a label is predicted and explained, and metrics leave it out", async () => {
  await using project = await prepare();
  const rows = ["sub-06\tses-M000\t66\tAD", "sub-07\tses-M000\t67\tn/a"];
  await project.write(
    "fresh.tsv",
    `participant_id\tsession_id\tage\tdiagnosis\n${rows.join("\n")}\n`,
  );
  const outcome = await project.run(
    TRAINED + prediction("fresh") +
      step("evaluate", "evaluate", { in: { predictions: "predict" }, with: { n_resamples: 20 } }) +
      step("gradients", "interpret.gradients", {
        in: { model: "train", images: "slices", participants: "fresh" },
      }),
  );
  const warning = "1 of 2 sessions have no diagnosis, which metrics leave out: sub-07 ses-M000";
  assert(outcome.warnings.some((line) => line.includes(warning)), outcome.warnings.join("\n"));
  const predictions = project.artifact(outcome, "predict", "predictions");
  const text = await predictions.readText("loss/image_level_prediction.tsv");
  assertEquals(text.trimEnd().split("\n").slice(1).map((line) => line.split("\t")[3]), [
    "0",
    "n/a",
  ]);
  const evaluation = project.artifact(outcome, "evaluate", "evaluation");
  const { groups } = JSON.parse(await evaluation.readText("evaluation.json"));
  assertEquals(
    groups.map(({ pooled }: { pooled: { participants: number } }) => pooled.participants),
    [1, 1],
  );
});
