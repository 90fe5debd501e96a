/**
 * Heads that were generated in native space and registered, against heads that were generated in the
 * template's space: a network learns the classes of both. Runs with GYRUS_TEST_FULL=1 only.
 */
import { assert, assertEquals } from "@std/assert";
import { readEvaluation } from "../../../src/artifacts/evaluation.ts";
import { type Outcome, Project } from "../workflows.ts";

const POPULATION = "n_subjects = 20, strength = 1.5";

const RAW = `
[steps.raw]
uses = "generate.phantom"
with = { ${POPULATION}, image_size = 104, space = "native" }
[steps.template]
uses = "generate.template"
[publish]
"bids" = "raw.caps"
"template.nii.gz" = "template"
`;

/** The same slices, 3.25 mm a voxel, of the same participants. */
const SLICES = "slice_direction = 2, slices = [29, 32, 35, 38]";

const learn = (name: string) => `
[steps.train_${name}]
uses = "train.classification"
in.images = "slices_${name}"
in.folds = "folds[0]"
[steps.train_${name}.with]
architecture = "resnet18"
epochs = 8
batch_size = 8
learning_rate = 1e-3
learning_rate_schedule = "cosine"
schedule_epochs = 8
selection_metrics = ["BA"]
[steps.predict_${name}]
uses = "predict"
in.model = "train_${name}"
in.images = "slices_${name}"
in.participants = "split.test"
[steps.evaluate_${name}]
uses = "evaluate"
in.predictions = "predict_${name}"
`;

const COMPARISON = `
[steps.bids]
uses = "bids.open"
with.bids_directory = "bids"
[steps.t1]
uses = "preprocess.t1_linear"
in.caps = "bids"
with.template = "template.nii.gz"
[steps.slices_registered]
uses = "extract.slices"
in.caps = "t1.caps"
with = { ${SLICES}, target_shape = [64, 64, 64], target_spacing = 3.25 }
[steps.direct]
uses = "generate.phantom"
with = { ${POPULATION}, image_size = 64 }
[steps.slices_direct]
uses = "extract.slices"
in.caps = "direct"
with = { ${SLICES} }
[steps.labels]
uses = "labels.get"
in.caps = "t1.caps"
in.quality = "t1.quality"
[steps.split]
uses = "split.holdout"
in.labels = "labels"
with = { subset_name = "test", n_test = 12, p_age_threshold = 0.1, p_sex_threshold = 0.1 }
[steps.folds]
uses = "split.kfold"
in.labels = "split.train"
with.n_splits = 7
${learn("registered")}
${learn("direct")}
`;

async function balancedAccuracy(project: Project, outcome: Outcome, name: string) {
  const artifact = project.artifact(outcome, `evaluate_${name}`, "evaluation");
  const { groups } = await readEvaluation(artifact);
  return groups.find(({ level }) => level === "image")!.pooled.metrics.BA;
}

Deno.test({
  name: "a network learns registered heads as well as those generated in the template's space",
  ignore: Deno.env.get("GYRUS_TEST_FULL") !== "1",
  fn: async () => {
    await using project = await Project.create();
    await project.run(RAW);
    const outcome = await project.run(COMPARISON);
    const { heads, failed } = project.artifact(outcome, "t1", "quality").meta;
    assertEquals([heads, failed], [40, 0]);
    const registered = await balancedAccuracy(project, outcome, "registered");
    const direct = await balancedAccuracy(project, outcome, "direct");
    const text = JSON.stringify({ registered, direct });
    assert(registered.value >= direct.lower && registered.value > 0.7, text);
  },
});
