/** Autoencoders by workflows: trained, applied, published, compared with healthy images. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { StepError, WorkflowError } from "../../../src/errors.ts";
import { filesBelow } from "../../../src/disk/folders.ts";
import { readTorch } from "../../../src/formats/torch_checkpoint.ts";
import type { Tensor } from "../../../src/formats/tensor.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { parseClinicadlConfig } from "../../../src/steps/train/clinicadl_config.ts";
import { describeCollapse } from "../../../src/steps/train/reconstruction_objective.ts";
import type { Artifact } from "../../../src/workflow/step.ts";
import { step, type Value } from "../recipes.ts";
import { Project } from "../workflows.ts";

/** Heads of 16 voxels a side; AD is CN with a lower metabolism. Six of sixteen are held out. */
const DATA = step("heads", "generate.phantom", {
  with: { n_subjects: 8, image_size: 16, strength: 0, roi_list: ["leftHippocampusBox"] },
}) +
  step("caps", "generate.hypometabolic", {
    in: { caps: "heads" },
    with: { n_subjects: 16, anomaly_degree: 60, blur_sigma: 0.5, diagnoses: ["AD"] },
  }) +
  step("images", "extract.images", { in: { caps: "caps" } }) +
  step("labels", "labels.get", { in: { caps: "caps" }, with: { diagnoses: ["CN", "ad"] } }) +
  step("split", "split.holdout", {
    in: { labels: "labels" },
    with: { subset_name: "test", n_test: 6, ignore_demographics: true, seed: 1 },
  }) +
  step("parts", "split.holdout", {
    in: { labels: "split.train" },
    with: { subset_name: "validation", n_test: 5, ignore_demographics: true, seed: 1 },
  });

const train = (params: Record<string, Value> = {}, name = "train", inputs = {}) =>
  step(name, "train.reconstruction", {
    in: { images: "images", train: "parts.train", validation: "parts.validation", ...inputs },
    with: {
      architecture: "Vanilla3DdenseVAE",
      n_conv: 2,
      io_layer_channels: 4,
      feature_size: 0,
      latent_space_size: 3,
      epochs: 2,
      batch_size: 4,
      learning_rate: 1e-3,
      ...params,
    },
  });

const anomaly = (params: Record<string, Value> = {}, inputs = {}) =>
  step("anomaly", "anomaly.map", {
    in: {
      model: "train",
      images: "images",
      participants: "split.test",
      caps: "heads",
      ...inputs,
    },
    with: { direction: "lower", n_resamples: 50, ...params },
  });

async function table(artifact: Artifact, path: string): Promise<Record<string, string | null>[]> {
  const { columns, rows } = readTsv(await artifact.readText(path), path);
  return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
}

Deno.test("an autoencoder is trained, scored, published in ClinicaDL's files, and maps anomalies", async () => {
  await using project = await Project.create();
  const outcome = await project.run(
    DATA + train({ selection_metrics: ["loss", "SSIM"] }) +
      step("predict", "predict", {
        in: { model: "train", images: "images", participants: "split.test" },
        with: {
          selection_metrics: ["loss"],
          save_tensor: true,
          save_nifti: true,
          save_latent_tensor: true,
        },
      }) +
      step("evaluate", "evaluate", { in: { predictions: "predict" }, with: { n_resamples: 50 } }) +
      anomaly({
        healthy_labels: ["CN", "ad"],
        roi_list: ["leftHippocampusBox"],
        save_nifti: true,
      }) +
      step("maps", "maps", { in: { models: "train", predictions: "predict" } }) +
      `[publish]\n"out/predict" = "predict"\n"out/maps" = "maps"\n"out/anomaly" = "anomaly.anomaly"\n`,
  );
  const model = project.artifact(outcome, "train", "model");
  assertEquals([model.meta.task, model.meta.output_size, model.meta.label_code], [
    "reconstruction",
    0,
    {},
  ]);
  const rows = await table(model, "training.tsv");
  assertEquals(rows.length, 2);
  for (const row of rows) {
    const [loss, term, kl] = ["loss", "recon_loss", "kl_loss"].map((name) =>
      Number(row[`${name}_valid`])
    );
    assert(Math.abs(loss - term - kl) <= 1e-9 * loss, `${loss} is ${term} + ${kl}`);
    for (const name of ["MAE_train", "RMSE_train", "PSNR_valid", "SSIM_valid"]) {
      assert(Number.isFinite(Number(row[name])), name);
    }
  }
  // The best network's table has the mean that the curve has at its epoch.
  const best = Math.min(...rows.map((row) => Number(row.loss_valid)));
  const chosen = rows.find((row) => Number(row.loss_valid) === best)!;
  const predicted = await table(model, "best-loss/validation_image_level_prediction.tsv");
  assertEquals(predicted.length, 5);
  const mean = (name: string) =>
    predicted.reduce((sum, row) => sum + Number(row[name]), 0) / predicted.length;
  for (const name of ["MAE", "RMSE", "PSNR", "SSIM"]) {
    assert(Math.abs(mean(name) - Number(chosen[`${name}_valid`])) < 1e-4 * mean(name), name);
  }

  const [metrics] = (await table(project.artifact(outcome, "evaluate", "intervals"), "table.tsv"))
    .filter(({ metric, fold }) => metric === "SSIM" && fold === "pooled");
  assert(Number(metrics.lower) <= Number(metrics.value), "the interval holds the value");
  assert(Number(metrics.value) <= Number(metrics.upper), "the interval holds the value");

  await checkFiles(project.folder);

  const scores = await table(project.artifact(outcome, "anomaly", "anomaly"), "scores.tsv");
  assertEquals(scores.length, 6);
  assertEquals(Object.keys(scores[0]).slice(2), [
    "diagnosis",
    "score",
    "mean",
    "share",
    "leftHippocampusBox_score",
    "leftHippocampusBox_mean",
    "leftHippocampusBox_share",
  ]);
  assert(outcome.warnings.some((text) => text.startsWith("no AUC: 6 healthy and 0 anomalous")));
});

/** Published tensors, NIfTI and latents are of the same voxels, in ClinicaDL's places. */
async function checkFiles(folder: string): Promise<void> {
  const files = filesBelow(`${folder}/out`);
  const tensors = files.filter((path) => path.startsWith("predict/loss/tensors/"));
  assertEquals(tensors.length, 12);
  const name = tensors[0].split("/").at(-1)!.replace(/_image-0_input\.pt$/, "");
  const read = async (path: string) =>
    readTorch(await Deno.readFile(`${folder}/out/${path}`), path) as unknown as Tensor;
  const output = await read(`predict/loss/tensors/${name}_image-0_output.pt`);
  assertEquals(output.shape, [1, 16, 16, 16]);
  const nifti = readNifti(
    await Deno.readFile(`${folder}/out/predict/loss/nifti_images/${name}_output.nii.gz`),
    name,
  );
  assertEquals(nifti.voxels[1 + 16 * (2 + 16 * 3)], output.data[(1 * 16 + 2) * 16 + 3]);
  assert(nifti.affine[0] > 10, "a voxel is a sixteenth of the field of view");
  const latent = await read(`predict/loss/latent_tensors/${name}_image-0_latent.pt`);
  assertEquals(latent.shape, [3]);
  const group = "maps/split-0/best-loss/predict".replace(/predict$/, "test");
  for (
    const path of [`tensors/${name}_image-0_input.pt`, `latent_tensors/${name}_image-0_latent.pt`]
  ) {
    assert(files.includes(`${group}/${path}`), path);
  }
  const kept = files.filter((path) => /best-SSIM\/(train|validation)\/tensors\//.test(path));
  assertEquals(kept.length, 4, "input and output of the first image of each set");
  const maps = JSON.parse(await Deno.readTextFile(`${folder}/out/maps/maps.json`));
  assertEquals([maps.network_task, maps.label, maps.output_size], [
    "reconstruction",
    null,
    [1, 16, 16, 16],
  ]);
  assertEquals(maps.diagnoses, ["CN", "ad"]);
  // ClinicaDL's weight is of a sum over the batch of four.
  assertEquals([maps.recons_weight, maps.kl_weight, maps.latent_space_size], [0.25, 1, 3]);
  assertEquals(
    files.filter((path) => /anomaly\/individual\/.*_map\.nii\.gz$/.test(path)).length,
    6,
  );

  await using reopened = await Project.create();
  const opened = await reopened.run(
    step("opened", "maps.open", { with: { maps_directory: `${folder}/out/maps` } }),
  );
  const { meta } = reopened.artifact(opened, "opened", "model");
  assertEquals([meta.task, meta.architecture, meta.label], [
    "reconstruction",
    "Vanilla3DdenseVAE",
    "diagnosis",
  ]);
  assertEquals((meta.parameters as Record<string, unknown>).recons_weight, 1);
}

Deno.test("convolutions are transferred between classification networks and autoencoders, both ways", async () => {
  await using project = await Project.create();
  const inputs = { images: "images", train: "parts.train", validation: "parts.validation" };
  const shared = { epochs: 1, batch_size: 3, learning_rate: 1e-9, weight_decay: 0 };
  const classifier = (name: string, transfer?: string) =>
    step(name, "train.classification", {
      in: { ...inputs, ...transfer && { transfer } },
      with: { architecture: "Conv5_FC3", ...shared },
    });
  const autoencoder = (name: string, transfer?: string) =>
    step(name, "train.reconstruction", {
      in: { ...inputs, ...transfer && { transfer } },
      with: { architecture: "AE_Conv5_FC3", ...shared },
    });
  const outcome = await project.run(
    DATA + classifier("classes") + autoencoder("codes", "classes") + classifier("again", "codes"),
  );
  const weights = async (name: string, prefix: string) => {
    const { readSafetensors } = await import("../../../src/formats/safetensors.ts");
    const bytes = await project.artifact(outcome, name, "model").read(
      "best-loss/model.safetensors",
    );
    return readSafetensors(bytes, name).tensor(`${prefix}.8.weight`).data as Float32Array;
  };
  const [first, second, third] = [
    await weights("classes", "convolutions"),
    await weights("codes", "encoder"),
    await weights("again", "convolutions"),
  ];
  for (const moved of [second, third]) {
    assert(moved.every((value, i) => Math.abs(value - first[i]) < 1e-5), "the same convolutions");
  }
  const { logs } = outcome;
  assert(logs.some((line) => line.includes("has nothing for decoder.")), logs.join("\n"));
});

Deno.test("what an autoencoder can't be trained on, or compared with, is refused before it runs", async () => {
  await using project = await Project.create();
  const refuses = async (toml: string, message: string) => {
    const error = await assertRejects(() => project.run(toml));
    const text = error instanceof WorkflowError
      ? error.issues.map((issue) => `${issue.message}; ${issue.suggestion}`).join("\n")
      : String((error as Error).message);
    assertStringIncludes(text, message);
  };
  await refuses(DATA + train({ architecture: "CVAE_3D" }), "867 million parameters");
  await refuses(DATA + train({ loss: "MSELoss" }), "Vanilla3DdenseVAE is not trained by MSELoss");
  await refuses(
    DATA + train({ loss: "VAEBernoulliLoss", normalize: false }),
    "VAEBernoulliLoss takes values from 0 to 1",
  );
  await refuses(
    DATA + step("train", "train.reconstruction", {
      in: { images: "images", train: "parts.train", validation: "parts.validation" },
      with: { kl_weight: 2 },
    }),
    "AE_Conv5_FC3 has no kl_weight",
  );
  await refuses(
    DATA + train({ n_conv: 5 }),
    "Vanilla3DdenseVAE can't take elements of 16 x 16 x 16",
  );
  const seen = DATA + train({ epochs: 1 });
  await assertRejects(
    () => project.run(seen + anomaly({}, { healthy: "parts.train" })),
    StepError,
    "training and the healthy participants share",
  );
  await assertRejects(
    () => project.run(seen + anomaly({}, { healthy: "split.test" })),
    StepError,
    "the healthy participants and the scored participants share",
  );
  await assertRejects(
    () => project.run(seen + anomaly({ healthy_labels: ["MCI"] })),
    StepError,
    "no session of the reference has diagnosis MCI",
  );
});

Deno.test("a latent that holds nothing is reported, with what to change", () => {
  const text = describeCollapse("CVAE_3D_half", { loss: 30, kl_loss: 0.04 });
  assertStringIncludes(text!, "CVAE_3D_half holds 0.040 nats of an image");
  assertEquals(describeCollapse("CVAE_3D_half", { loss: 30, kl_loss: 4 }), undefined);
  assertEquals(describeCollapse("AE_Conv5_FC3", { loss: 30 }), undefined);
});

Deno.test("ClinicaDL's weight of a sum over a batch becomes that of a mean", () => {
  const parse = (model: string, keys: string) =>
    parseClinicadlConfig(
      `[Model]\narchitecture = "${model}"\n[Architecture]\nrecons_weight = 3\nkl_weight = 2\n` +
        `latent_space_size = 64\n[Computational]\nbatch_size = 4\n${keys}`,
      "config",
      "reconstruction",
    );
  const loss = (name: string) => `[Reconstruction]\nloss = "${name}"\n`;
  assertEquals(parse("Vanilla3DdenseVAE", ""), {
    architecture: "Vanilla3DdenseVAE",
    recons_weight: 12,
    kl_weight: 2,
    latent_space_size: 64,
    batch_size: 4,
  });
  assertEquals(parse("CVAE_3D_half", loss("VAEGaussianLoss")).recons_weight, 4);
  assertEquals(parse("CVAE_3D_half", loss("VAEContinuousBernoulliLoss")).recons_weight, 12);
  assertEquals(parse("AE_Conv5_FC3", loss("L1Loss")), {
    architecture: "AE_Conv5_FC3",
    loss: "L1Loss",
    batch_size: 4,
  });
});
