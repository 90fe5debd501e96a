import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError, WorkflowError } from "../../../src/errors.ts";
import { reading } from "../../../src/steps/engine_options.ts";
import trainClassification from "../../../src/steps/train/classification.ts";
import trainRegression from "../../../src/steps/train/regression.ts";
import { parseClinicadlConfig } from "../../../src/steps/train/clinicadl_config.ts";
import { readWorkflow } from "../../../src/workflow/read.ts";
import { createProject, openedGroups, step, type Value } from "../recipes.ts";
import { Project } from "../workflows.ts";

/** Every key that ClinicaDL 1.6.1 knows, at its default. */
const COMPLETE = `
[Model]
architecture = "default"
multi_network = false
ssda_network = false
[Architecture]
dropout = 0.0
latent_space_size = 128
feature_size = 1024
n_conv = 4
io_layer_channels = 8
recons_weight = 1
kl_weight = 1
normalization = "batch"
[Classification]
selection_metrics = ["loss"]
label = "diagnosis"
label_code = {}
selection_threshold = 0.0
loss = "CrossEntropyLoss"
[Regression]
selection_metrics = ["loss"]
label = "age"
loss = "MSELoss"
[Reconstruction]
selection_metrics = ["loss"]
loss = "MSELoss"
[Computational]
gpu = true
n_proc = 2
batch_size = 8
evaluation_steps = 0
fully_sharded_data_parallel = false
amp = false
[Reproducibility]
seed = 0
deterministic = false
compensation = "memory"
track_exp = ""
[Transfer_learning]
transfer_path = false
transfer_selection_metric = "loss"
nb_unfrozen_layer = 0
[Mode]
use_extracted_features = false
[Data]
multi_cohort = false
diagnoses = ["AD", "CN"]
baseline = false
valid_longitudinal = false
normalize = true
data_augmentation = false
sampler = "random"
size_reduction = false
size_reduction_factor = 2
caps_target = ""
tsv_target_lab = ""
tsv_target_unlab = ""
preprocessing_dict_target = ""
[Cross_validation]
n_splits = 0
split = []
[Optimization]
optimizer = "Adam"
epochs = 20
learning_rate = 1e-4
adaptive_learning_rate = false
weight_decay = 1e-4
patience = 0
tolerance = 0.0
accumulation_steps = 1
profiler = false
save_all_models = false
[Informations]
emissions_calculator = false
`;

/** The complete file with one line another. */
function altered(line: string, by: string): string {
  assert(COMPLETE.includes(`\n${line}\n`), line);
  return COMPLETE.replace(`\n${line}\n`, `\n${by}\n`);
}

Deno.test("augmentations of TorchIO become transforms with ClinicaDL's ranges", () => {
  const text = '[Data]\ndata_augmentation = ["Noise", "Motion", "RandomBlur"]\n';
  const params = parseClinicadlConfig(text, "train_config.toml", "classification");
  assertEquals(params.data_augmentation, ["Noise"]);
  assertEquals(params.augmentations, [
    { motion: { degrees: [2, 4], translation: [2, 4], num_transforms: 2 } },
    { blur: { std: [0, 2] } },
  ]);
  const { augmentations } = trainClassification.params.parse(params);
  assertEquals(augmentations?.[1], { blur: { std: [0, 2], p: 1 } });
});

Deno.test("ClinicaDL's complete defaults are our own, but for the diagnoses", () => {
  const classification = parseClinicadlConfig(COMPLETE, "train.toml", "classification");
  assertEquals(trainClassification.params.parse(classification), {
    ...trainClassification.params.parse({}),
    diagnoses: ["AD", "CN"],
  });
  const regression = parseClinicadlConfig(COMPLETE, "train.toml", "regression");
  assertEquals(trainRegression.params.parse(regression), {
    ...trainRegression.params.parse({}),
    diagnoses: ["AD", "CN"],
  });
});

Deno.test("values are taken under their own names", () => {
  const text = altered('architecture = "default"', 'architecture = "resnet18"')
    .replace("label_code = {}", "label_code = { AD = 1, CN = 0 }")
    .replace("data_augmentation = false", 'data_augmentation = ["Noise", "Smoothing"]')
    .replace("patience = 0", "patience = 4")
    .replace("n_splits = 0", "n_splits = 5");
  const params = parseClinicadlConfig(text, "train.toml", "classification");
  assertEquals(params.architecture, "resnet18");
  assertEquals(params.label_code, { AD: 1, CN: 0 });
  assertEquals(params.data_augmentation, ["Noise", "Smoothing"]);
  assertEquals(params.patience, 4);
  assert(!("n_splits" in params));
});

Deno.test("a factor counts with a reduction, and a dropout with a network that ClinicaDL gives it to", () => {
  const read = (text: string) => {
    const { size_reduction, size_reduction_factor, dropout }: Record<string, unknown> =
      parseClinicadlConfig(
        text,
        "train.toml",
        "classification",
      );
    return [size_reduction, size_reduction_factor, dropout];
  };
  assertEquals(read(COMPLETE), [false, undefined, undefined]);
  assertEquals(read(altered("size_reduction = false", "size_reduction = true")), [
    true,
    2,
    undefined,
  ]);
  const dropping = altered("dropout = 0.0", "dropout = 0.5");
  assertEquals(read(dropping), [false, undefined, 0.5]);
  for (const network of ["ResNet3D", "SqueezeExcitationCNN"]) {
    const text = dropping.replace('architecture = "default"', `architecture = "${network}"`);
    assertEquals(read(text), [false, undefined, undefined]);
  }
});

Deno.test("what can't be honoured is refused with the reason, and unknown names too", () => {
  const refused: [string, string][] = [
    [altered("amp = false", "amp = true"), "training computes in float32"],
    [
      altered("fully_sharded_data_parallel = false", "fully_sharded_data_parallel = true"),
      "one device",
    ],
    [altered('track_exp = ""', 'track_exp = "wandb"'), "curves are in training.tsv"],
    [altered("transfer_path = false", 'transfer_path = "other"'), "in.transfer"],
    [altered("ssda_network = false", "ssda_network = true"), "domain adaptation"],
    [altered('caps_target = ""', 'caps_target = "caps"'), "domain adaptation"],
    [altered("profiler = false", "profiler = true"), "gyrus doctor"],
    [altered("emissions_calculator = false", "emissions_calculator = true"), "not offered"],
    [altered("epochs = 20", "epoch = 20"), 'unknown key "epoch" in [Optimization]'],
    [COMPLETE + "[Random_Search]\n", "unknown section [Random_Search]"],
    ["epochs = 20\n", "unknown section [epochs]"],
    ["Model = 3\n", "[Model] must be a table"],
    ["[Model\n", "not valid TOML"],
  ];
  for (const [text, reason] of refused) {
    const error = assertThrows(
      () => parseClinicadlConfig(text, "train.toml", "classification"),
      DataError,
      reason,
    );
    assert(error.message.startsWith("train.toml: "), error.message);
  }
});

const workflow = (params: Record<string, Value>) =>
  openedGroups(["people", "judges"]) +
  step("train", "train.classification", {
    in: { images: "slices", train: "people", validation: "judges" },
    with: params,
  });

Deno.test("parameters of the step take precedence over the file, and the file leaves no trace in the key", async () => {
  await using project = await createProject({ people: [0, 4], judges: [4, 2] }, [32, 32, 1]);
  const file = altered("epochs = 20", "epochs = 1").replace("seed = 0", "seed = 7");
  await project.write("config/train.toml", file);
  const first = await project.run(
    workflow({ config_file: "config/train.toml", learning_rate: 1e-3, batch_size: 4 }),
  );
  const { meta } = project.artifact(first, "train", "model");
  const parameters = meta.parameters as Record<string, unknown>;
  assertEquals(
    [parameters.epochs, parameters.seed, parameters.learning_rate, parameters.batch_size],
    [1, 7, 1e-3, 4],
  );
  assert(!("config_file" in parameters));
  const second = await project.run(workflow({
    epochs: 1,
    seed: 7,
    learning_rate: 1e-3,
    batch_size: 4,
    diagnoses: ["AD", "CN"],
  }));
  assertEquals(second.result.nodes.get("train")!.outcome, "cached");
});

Deno.test("a file that is missing or has a problem is reported at its line of the workflow", async () => {
  await using project = await Project.create();
  const problems = async (config_file: string) => {
    const text = `version = 1\nname = "test"\n${workflow({ config_file })}`;
    await project.write("workflow.toml", text);
    const read = readWorkflow(`${project.folder}/workflow.toml`, reading);
    const { issues } = await assertRejects(() => read, WorkflowError);
    return issues.map(({ message, location }) => `${location?.line}: ${message}`);
  };
  const lines = workflow({ config_file: "train.toml" }).split("\n");
  const line = lines.findIndex((text) => text.startsWith("config_file")) + 3;
  assertEquals(await problems("none.toml"), [
    `${line}: can't read none.toml: no such file`,
  ]);
  await project.write("train.toml", altered("amp = false", "amp = true"));
  assertEquals(await problems("train.toml"), [
    `${line}: train.toml: amp = true in [Computational] can't be honoured: training computes in float32`,
  ]);
  await project.write("train.toml", altered('optimizer = "Adam"', 'optimizer = "LBFGS"'));
  const [problem] = await problems("train.toml");
  assert(problem.startsWith(`${line}: `) && problem.includes("LBFGS"), problem);
});
