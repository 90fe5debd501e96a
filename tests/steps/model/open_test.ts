/** A bare checkpoint wherever a workflow takes a model. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StepError } from "../../../src/errors.ts";
import { readTorch, stateDict, writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { exportState } from "../../../src/nn/state_dict.ts";
import { fixtureWeights } from "../../nn/fixture.ts";
import { labelsOf } from "../caps/hashed_caps.ts";
import {
  createProject,
  openedGroups,
  prediction,
  step,
  tinyTraining,
  type Value,
} from "../recipes.ts";
import type { Project } from "../workflows.ts";

const GROUPS = { seen: [0, 4], fresh: [4, 4] } as const;

const DATA = openedGroups(Object.keys(GROUPS));

const open = (params: Record<string, Value> = {}, participants?: string) =>
  step("pretrained", "model.open", {
    in: { images: "slices", ...participants && { participants } },
    with: { weights: "weights.pth", label_code: { AD: 0, CN: 1 }, ...params },
  });

const predict = (people?: string, params: Record<string, Value> = {}) =>
  prediction(people, { voting: "hard", ...params }, { in: { model: "pretrained" } });

const network = createNetwork("Conv5_FC3", [1, 32, 32], 2);
const weights = exportState(network, fixtureWeights(network));

async function prepare(): Promise<Project> {
  const project = await createProject(GROUPS, [32, 32, 2]);
  await Deno.writeFile(`${project.folder}/weights.pth`, writeTorch({ state_dict: weights }));
  return project;
}

async function refuses(run: Promise<unknown>, message: string): Promise<void> {
  await assertRejects(() => run, StepError, message);
}

Deno.test("a bare checkpoint is predicted with, evaluated, explained, transferred and put into a MAPS", async () => {
  await using project = await prepare();
  const outcome = await project.run(
    DATA + open() + predict("fresh") +
      step("evaluate", "evaluate", { in: { predictions: "predict" }, with: { n_resamples: 20 } }) +
      step("gradients", "interpret.gradients", {
        in: { model: "pretrained", images: "slices", participants: "fresh" },
      }) +
      tinyTraining({ nb_unfrozen_layer: 1 }, {
        name: "second",
        in: { train: "seen", validation: "fresh", transfer: "pretrained" },
      }) +
      step("maps", "maps", {
        in: { models: "pretrained", predictions: "predict" },
        with: { n_resamples: 20 },
      }) +
      '[publish]\n"maps" = "maps"\n',
  );
  assert(
    outcome.warnings.some((line) =>
      line.includes("does not list the participants it was trained on")
    ),
  );
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
    DATA + step("pretrained", "maps.open", { with: { maps_directory: "maps" } }) +
      predict("fresh"),
  );
  const predictions = (run: typeof outcome) => project.artifact(run, "predict", "predictions");
  assertEquals(predictions(again).meta.leakage, "not checkable");
  const table = (run: typeof outcome) =>
    predictions(run).readText("loss/slice_level_prediction.tsv");
  assertEquals(await table(again), await table(outcome));
});

Deno.test("participants of a bare checkpoint are refused by id and by image, where they are listed", async (t) => {
  await using project = await prepare();
  const known = DATA + open({}, "seen");
  await t.step("others are predicted without a mark", async () => {
    const outcome = await project.run(known + predict("fresh"));
    assertEquals(project.artifact(outcome, "predict", "predictions").meta.leakage, "none");
  });
  await t.step(
    "the same ids",
    () => refuses(project.run(known + predict("seen")), "share sub-00, sub-01, sub-02, sub-03"),
  );
  await t.step("requested by the group's name", async () => {
    const outcome = await project.run(known + predict(undefined, { data_group: "train" }));
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
    () => refused('use voting = "hard"', open() + predict("fresh", { voting: "soft" })),
  );
  await t.step(
    "another architecture",
    () => refused("don't fit resnet18", open({ architecture: "resnet18" })),
  );
  await t.step(
    "another number of classes",
    () =>
      refused(
        "fc.6.weight is [2, 50], not [3, 50]",
        open({ label_code: { AD: 0, CN: 1, MCI: 2 } }),
      ),
  );
  await t.step("a weight that is NaN, by model.open and by transfer", async () => {
    const broken = { dtype: "float32", shape: [2], data: Float32Array.of(NaN, 0) } as const;
    await Deno.writeFile(
      `${project.folder}/weights.pth`,
      writeTorch({ state_dict: new Map([...weights, ["fc.6.bias", broken]]) }),
    );
    await refused("weights.pth: fc.6.bias[0] is NaN", open());
    await refused(
      "weights.pth: fc.6.bias[0] is NaN",
      tinyTraining({ initial_weights: "weights.pth" }, {
        in: { train: "seen", validation: "fresh" },
      }),
    );
  });
  await t.step("no checkpoint", async () => {
    await project.write("weights.pth", "something else");
    await refused("weights.pth: is not a PyTorch checkpoint", open());
  });
});
