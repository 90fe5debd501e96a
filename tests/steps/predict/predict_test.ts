/** What predict refuses, and what it warns of. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StepError } from "../../../src/errors.ts";
import { labelsOf, writeCaps } from "../caps/hashed_caps.ts";
import { Project } from "../workflows.ts";

const slices = (name: string, options: string) => `
[steps.${name}]
uses = "extract.slices"
in.caps = "caps"
with = { slice_mode = "single", ${options} }
`;

const TRAINED = `
[steps.caps]
uses = "caps.open"
with.caps_directory = "caps"
${slices("axial", "slice_direction = 2, slices = [3, 4]")}
[steps.early]
uses = "tables.open"
with = { path = "train.tsv", content = "labels" }
[steps.judge]
uses = "tables.open"
with = { path = "validation.tsv", content = "labels" }
[steps.fresh]
uses = "tables.open"
with = { path = "test.tsv", content = "labels" }
[steps.train]
uses = "train.classification"
in.images = "axial"
in.train = "early"
in.validation = "judge"
with = { epochs = 1, batch_size = 4 }
`;

const predict = (images: string, options: string, people = 'in.participants = "fresh"') => `
[steps.predict]
uses = "predict"
in.model = "train"
in.images = "${images}"
${people}
[steps.predict.with]
${options}
`;

async function prepare(): Promise<Project> {
  const project = await Project.create();
  await writeCaps(`${project.folder}/caps`, 8, [32, 32, 32]);
  await project.write("train.tsv", labelsOf(0, 4));
  await project.write("validation.tsv", labelsOf(4, 2));
  await project.write("test.tsv", labelsOf(6, 2));
  return project;
}

Deno.test("images that were not cut as the training's, and groups that are not there, are refused", async (t) => {
  await using project = await prepare();
  const refused = async (message: string, text: string) => {
    await assertRejects(() => project.run(TRAINED + text), StepError, message);
  };
  await t.step("slices along another axis, though they have the same shape and ids", () =>
    refused(
      "images: have slice_direction 0, the model 2",
      slices("sagittal", "slice_direction = 0, slices = [3, 4]") + predict("sagittal", ""),
    ));
  await t.step("other slices of the same axis", () =>
    refused(
      "hold other elements than the model was trained on",
      slices("other", "slice_direction = 2, slices = [5, 6]") + predict("other", ""),
    ));
  await t.step(
    "a label that is asked for and not there",
    () => refused('no column "mmse"', predict("axial", 'label = "mmse"')),
  );
  await t.step(
    "a group that the model does not have",
    () => refused('has no group "night"', predict("axial", 'data_group = "night"', "")),
  );
  await t.step("a selection from a group of the model", () =>
    refused(
      'all of the model\'s group "validation" is predicted',
      predict("axial", 'data_group = "validation"\ndiagnoses = ["AD"]', ""),
    ));
  await t.step(
    "a best network that there is not",
    () => refused("no best network by BA", predict("axial", 'selection_metrics = ["BA"]')),
  );
});

Deno.test("participants without the label's column are predicted, with a warning", async () => {
  await using project = await prepare();
  await project.write("test.tsv", "participant_id\tsession_id\nsub-06\tses-M000\n");
  const outcome = await project.run(TRAINED + predict("axial", ""));
  assert(outcome.warnings.some((line) => line.includes('no column "diagnosis"')));
  const predictions = project.artifact(outcome, "predict", "predictions");
  const text = await predictions.readText("loss/image_level_prediction.tsv");
  assertEquals(text.split("\n")[1].split("\t").slice(0, 4), ["sub-06", "ses-M000", "0", "n/a"]);
});
