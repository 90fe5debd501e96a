/** Trainings and predictions, from a workflow file, against PyTorch. */
import { assert, assertEquals } from "@std/assert";
import { readTsv } from "../../../src/formats/tsv.ts";
import { writeSafetensors } from "../../../src/formats/safetensors.ts";
import { writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { writeMapsJson } from "../../../src/maps/description.ts";
import { weightsParts } from "../../../src/maps/weights.ts";
import { createNetwork, type NetworkName } from "../../../src/nn/networks/mod.ts";
import { exportState } from "../../../src/nn/state_dict.ts";
import { fixtureWeights } from "../../nn/fixture.ts";
import { createProject, openedGroups, prediction, step, tinyTraining } from "../recipes.ts";
import type { Outcome, Project } from "../workflows.ts";

interface Reference {
  losses: number[];
  /** Of label 0, for every slice of the test participants. */
  probabilities: number[];
}

const references: Record<string, { float32: Reference; float64: Reference }> = JSON.parse(
  await Deno.readTextFile(new URL("../../fixtures/steps/training.json", import.meta.url)),
);

/** As train_with_pytorch.py has them. */
const SHAPE = [40, 36, 4];
const TRAINING = 10, TEST = 4;
const NETWORKS = {
  resnet18: { mode: "rgb", channels: 3, optimizer: { optimizer: "SGD", momentum: 0.9 } },
  Conv5_FC3: { mode: "single", channels: 1, optimizer: { optimizer: "Adam" } },
} as const;

function weightsOf(architecture: NetworkName) {
  const { channels } = NETWORKS[architecture as keyof typeof NETWORKS];
  const network = createNetwork(architecture, [channels, SHAPE[0], SHAPE[1]], 2);
  return exportState(network, fixtureWeights(network));
}

const prepare = () => createProject({ people: [0, TRAINING], test: [TRAINING, TEST] }, SHAPE);

const images = (mode: string) => openedGroups(["test"], { slice_mode: mode });

const predict = prediction("test", { voting: "hard" }, { in: { model: "pretrained" } });

/** Relative to PyTorch's float64: 1e-3, or three times what its own float32 deviates. */
function tolerance(float32: readonly number[], float64: readonly number[]): number {
  const deviation = Math.max(...float32.map((value, i) => Math.abs(value / float64[i] - 1)));
  return Math.max(1e-3, 3 * deviation);
}

for (const architecture of ["resnet18", "Conv5_FC3"] as const) {
  const { mode, channels, optimizer } = NETWORKS[architecture];
  const { float32, float64 } = references[architecture];

  Deno.test(`thirty steps of ${architecture} from a workflow file lose what PyTorch's lose`, async () => {
    await using project = await prepare();
    const [file, bytes] = architecture === "resnet18"
      ? ["weights.pt", writeTorch(weightsOf(architecture))]
      : ["weights.safetensors", writeSafetensors(weightsOf(architecture))];
    await Deno.writeFile(`${project.folder}/${file}`, bytes);
    const training = tinyTraining({
      architecture,
      initial_weights: file,
      sampler: "sequential",
      ...optimizer,
      learning_rate: 2e-5,
      epochs: 3,
      log_iterations: true,
    }, { in: { train: "people", validation: "test" } });
    const outcome = await project.run(
      openedGroups(["people", "test"], { slice_mode: mode }) + training,
    );
    const model = project.artifact(outcome, "train", "model");
    assertEquals(model.meta.initial_weights, "file");
    const { rows } = readTsv(await model.readText("iterations.tsv"), "iterations.tsv");
    assertEquals(rows.map(([epoch, iteration]) => `${epoch} ${iteration}`).at(-1), "2 9");
    const losses = rows.map((row) => Number(row[2]));
    assertEquals(losses.length, 30);
    const allowed = tolerance(float32.losses, float64.losses);
    losses.forEach((loss, step) => {
      const deviation = Math.abs(loss / float64.losses[step] - 1);
      assert(deviation < allowed, `step ${step}: ${loss}, PyTorch ${float64.losses[step]}`);
    });
  });

  Deno.test(`a checkpoint of ${architecture} in a MAPS predicts what PyTorch does, leakage not checkable`, async () => {
    await using project = await prepare();
    const description = {
      task: "classification",
      architecture,
      mode: "slice",
      multi_network: false,
      elements: [0, 1, 2, 3],
      input_shape: [channels, SHAPE[0], SHAPE[1]],
      output_size: 2,
      label: "diagnosis",
      label_code: { AD: 0, CN: 1 },
      selection_metrics: ["loss"],
      n_splits: 0,
      initial_weights: "unknown",
      leakage_checkable: true,
      extraction: {
        preprocessing: "t1-linear",
        mode: "slice",
        slice_direction: 2,
        slice_mode: mode,
        discarded_slices: [0, 0],
      },
      parameters: {},
    } as const;
    await project.write("maps/maps.json", writeMapsJson(description, ""));
    await project.write("maps/split-0/best-loss/model.pth.tar", "");
    await Deno.writeFile(
      `${project.folder}/maps/split-0/best-loss/model.pth.tar`,
      await new Blob(weightsParts({ parameters: weightsOf(architecture), epoch: 0 }, architecture))
        .bytes(),
    );
    const opened = step("pretrained", "maps.open", { with: { maps_directory: "maps" } });
    const outcome = await project.run(images(mode) + opened + predict);
    await assertPredicts(project, outcome, float64.probabilities);
  });

  Deno.test(`a bare checkpoint of ${architecture} predicts what PyTorch does, leakage not checkable`, async () => {
    await using project = await prepare();
    const [file, bytes] = architecture === "resnet18"
      ? ["resnet18.pth", writeTorch(weightsOf(architecture))]
      : ["conv.safetensors", writeSafetensors(weightsOf(architecture))];
    await Deno.writeFile(`${project.folder}/${file}`, bytes);
    const opened = step("pretrained", "model.open", {
      in: { images: "slices" },
      with: { weights: file, architecture, label_code: { AD: 0, CN: 1 } },
    });
    const outcome = await project.run(images(mode) + opened + predict);
    await assertPredicts(project, outcome, float64.probabilities);
  });
}

/** Predictions without known leakage, within 1e-4 of PyTorch's. */
async function assertPredicts(
  project: Project,
  outcome: Outcome,
  probabilities: readonly number[],
): Promise<void> {
  const predictions = project.artifact(outcome, "predict", "predictions");
  assertEquals(predictions.meta.leakage, "not checkable");
  const { rows } = readTsv(
    await predictions.readText("loss/slice_level_prediction.tsv"),
    "predictions",
  );
  assertEquals(rows.length, probabilities.length);
  rows.forEach((row, i) => {
    const difference = Math.abs(Number(row[5]) - probabilities[i]);
    assert(difference < 1e-4, `slice ${i}: ${row[5]}, PyTorch ${probabilities[i]}`);
  });
}
