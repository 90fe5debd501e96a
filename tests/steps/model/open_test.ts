/** A bare checkpoint in every place where a model of our own could stand. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StepError } from "../../../src/errors.ts";
import { readTorch, stateDict, writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { exportState } from "../../../src/nn/state_dict.ts";
import { fixtureWeights } from "../../nn/fixture.ts";
import { labelsOf, writeCaps } from "../caps/hashed_caps.ts";
import { Project } from "../workflows.ts";

const DATA = `
[steps.caps]
uses = "caps.open"
with.caps_directory = "caps"
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
with = { slice_direction = 2, slice_mode = "single" }
[steps.seen]
uses = "tables.open"
with = { path = "seen.tsv", content = "labels" }
[steps.fresh]
uses = "tables.open"
with = { path = "fresh.tsv", content = "labels" }
`;

const open = (inputs = "", options = "") => `
[steps.pretrained]
uses = "model.open"
in.images = "slices"
${inputs}
[steps.pretrained.with]
weights = "weights.pth"
label_code = { AD = 0, CN = 1 }
${options}
`;

const predict = (people: string, options = "") => `
[steps.predict]
uses = "predict"
in.model = "pretrained"
in.images = "slices"
in.participants = "${people}"
with = { voting = "hard"${options} }
`;

const network = createNetwork("Conv5_FC3", [1, 32, 32], 2);
const weights = exportState(network, fixtureWeights(network));

async function prepare(): Promise<Project> {
  const project = await Project.create();
  await writeCaps(`${project.folder}/caps`, 8, [32, 32, 2]);
  await project.write("seen.tsv", labelsOf(0, 4));
  await project.write("fresh.tsv", labelsOf(4, 4));
  await Deno.writeFile(`${project.folder}/weights.pth`, writeTorch({ state_dict: weights }));
  return project;
}

async function refuses(run: Promise<unknown>, message: string): Promise<void> {
  await assertRejects(() => run, StepError, message);
}

Deno.test("a bare checkpoint is predicted with, evaluated, explained, transferred and put into a MAPS", async () => {
  await using project = await prepare();
  const outcome = await project.run(
    DATA + open() + predict("fresh") + `
[steps.evaluate]
uses = "evaluate"
in.predictions = "predict"
with.n_resamples = 20
[steps.gradients]
uses = "interpret.gradients"
in.model = "pretrained"
in.images = "slices"
in.participants = "fresh"
[steps.second]
uses = "train.classification"
in.images = "slices"
in.train = "seen"
in.validation = "fresh"
in.transfer = "pretrained"
with = { epochs = 1, batch_size = 4, nb_unfrozen_layer = 1 }
[steps.maps]
uses = "maps"
in.models = "pretrained"
in.predictions = "predict"
with.n_resamples = 20
[publish]
"maps" = "maps"
`,
  );
  assert(outcome.warnings.some((line) => line.includes("does not say whom it was trained on")));
  for (const [step, output] of [["predict", "predictions"], ["gradients", "attribution"]]) {
    assertEquals(project.artifact(outcome, step, output).meta.leakage, "not checkable");
  }
  const second = project.artifact(outcome, "second", "model");
  assertEquals(second.meta.initial_weights, "transferred");
  assertEquals(second.meta.leakage_checkable, false);
  const metrics = await project.artifact(outcome, "evaluate", "table").readText("table.tsv");
  assert(readTsv(metrics, "metrics").columns.includes("BA"));

  const path = "maps/split-0/best-loss/model.pth.tar";
  const bytes = await Deno.readFile(`${project.folder}/${path}`);
  const published = stateDict(readTorch(bytes, path), path);
  assertEquals(published.get("fc.6.weight")?.data, weights.get("fc.6.weight")?.data);
  const slices = await project.read(
    "maps/split-0/best-loss/test/test_slice_level_prediction.tsv",
  );
  assertEquals(slices.trimEnd().split("\n").length, 1 + 4 * 2);

  const again = await project.run(
    DATA + `
[steps.pretrained]
uses = "maps.open"
with.maps_directory = "maps"
` + predict("fresh"),
  );
  const predictions = (run: typeof outcome) => project.artifact(run, "predict", "predictions");
  assertEquals(predictions(again).meta.leakage, "not checkable");
  const table = (run: typeof outcome) =>
    predictions(run).readText("loss/slice_level_prediction.tsv");
  assertEquals(await table(again), await table(outcome));
});

Deno.test("whom a bare checkpoint has seen is refused by id and by image, where that is told", async (t) => {
  await using project = await prepare();
  const known = DATA + open('in.participants = "seen"');
  await t.step("others are predicted without a mark", async () => {
    const outcome = await project.run(known + predict("fresh"));
    assertEquals(project.artifact(outcome, "predict", "predictions").meta.leakage, "none");
  });
  await t.step(
    "the same ids",
    () => refuses(project.run(known + predict("seen")), "share sub-00, sub-01, sub-02, sub-03"),
  );
  await t.step("by the group's name they are asked for", async () => {
    const outcome = await project.run(
      known +
        predict("fresh", ', data_group = "train"').replace('in.participants = "fresh"\n', ""),
    );
    assertEquals(
      project.artifact(outcome, "predict", "predictions").meta.leakage,
      "predicting on training data",
    );
  });
  await t.step("people without images here are known by their ids", async () => {
    await project.write("seen.tsv", labelsOf(4, 2) + "sub-99\tses-M000\t70\tAD\n");
    await refuses(project.run(known + predict("fresh")), "share sub-04, sub-05");
  });
});

Deno.test("a checkpoint that can't be a model is refused, with the reason", async (t) => {
  await using project = await prepare();
  const refused = (message: string, text: string) => refuses(project.run(DATA + text), message);
  await t.step(
    "soft votes need a validation set",
    () => refused('use voting = "hard"', open() + predict("fresh").replace("hard", "soft")),
  );
  await t.step(
    "another architecture",
    () => refused("don't fit resnet18", open("", 'architecture = "resnet18"')),
  );
  await t.step(
    "another number of classes",
    () =>
      refused(
        "fc.6.weight is [2, 50], not [3, 50]",
        open().replace("CN = 1", "CN = 1, MCI = 2"),
      ),
  );
  await t.step("no checkpoint", async () => {
    await project.write("weights.pth", "something else");
    await refused("weights.pth: is not a PyTorch checkpoint", open());
  });
});
