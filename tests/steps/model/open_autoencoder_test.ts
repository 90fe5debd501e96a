/** Bare checkpoints of autoencoders. With GYRUS_TEST_FULL=1 of all of them. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { modelMeta } from "../../../src/artifacts/model.ts";
import { readReconstruction } from "../../../src/artifacts/reconstructions.ts";
import { WorkflowError } from "../../../src/errors.ts";
import { writeSafetensors } from "../../../src/formats/safetensors.ts";
import { writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import type { Autoencoder } from "../../../src/nn/autoencoder.ts";
import type { InputShape } from "../../../src/nn/network.ts";
import { createAutoencoder } from "../../../src/nn/networks/autoencoders.ts";
import { reconstruct } from "../../../src/nn/reconstruct.ts";
import { createInitialState, exportState, type NetworkState } from "../../../src/nn/state_dict.ts";
import { withDevice } from "../../nn/training/fixture_training.ts";
import { createProject, openedGroups, prediction, step, type Value } from "../recipes.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

const SIDE = full ? 64 : 16;
const GROUPS = { seen: [0, 2], fresh: [2, 2] } as const;
const DATA = openedGroups(Object.keys(GROUPS)) +
  step("volumes", "extract.images", { in: { caps: "caps" } });

interface Case {
  architecture: string;
  images: "slices" | "volumes";
  /** Ending of the file. */
  format: "pth.tar" | "pt" | "safetensors";
  options?: { latentSpaceSize?: number; featureSize?: number; convolutions?: number };
  params?: Record<string, Value>;
}

const latent = { options: { latentSpaceSize: 3 }, params: { latent_space_size: 3 } };
const CASES: readonly Case[] = [
  { architecture: "AE_Conv5_FC3", images: "slices", format: "safetensors" },
  {
    architecture: "Vanilla3DdenseVAE",
    images: "volumes",
    format: "pt",
    options: { latentSpaceSize: 3, featureSize: 0, convolutions: 2 },
    params: { latent_space_size: 3, feature_size: 0, n_conv: 2 },
  },
  { architecture: "CVAE_3D_half", images: "volumes", format: "pth.tar", ...latent },
  ...full
    ? [
      { architecture: "AE_Conv4_FC3", images: "volumes", format: "pth.tar" },
      { architecture: "CVAE_3D_final_conv", images: "volumes", format: "pt", ...latent },
      { architecture: "GeneratorUNet", images: "volumes", format: "pth.tar" },
    ] as const
    : [],
];

const networkOf = ({ architecture, images, options }: Case): Autoencoder => {
  const sides = Array.from({ length: images === "slices" ? 2 : 3 }, () => SIDE);
  return createAutoencoder(architecture, [1, ...sides] as unknown as InputShape, options);
};

/** The checkpoint as PyTorch, ClinicaDL (`model`) or safetensors store it. */
function encode({ format }: Case, network: Autoencoder, state: NetworkState): Uint8Array {
  const tensors = exportState(network, state);
  if (format === "safetensors") return writeSafetensors(tensors);
  return format === "pt"
    ? writeTorch(tensors)
    : writeTorch({ model: tensors, epoch: 3, name: network.architecture });
}

const open = ({ architecture, images, format, params }: Case) =>
  step(`open_${architecture}`, "model.open", {
    in: { images, participants: "seen" },
    with: { weights: `${architecture}.${format}`, architecture, ...params },
  });

Deno.test("bare checkpoints of autoencoders give back what their networks do, and become a MAPS", async () => {
  await using project = await createProject(GROUPS, [SIDE, SIDE, SIDE]);
  const states = new Map<Case, NetworkState>();
  let steps = DATA;
  for (const each of CASES) {
    const { architecture, images, format } = each;
    const network = networkOf(each);
    const state = createInitialState(network, 7);
    states.set(each, state);
    const file = `${project.folder}/${architecture}.${format}`;
    await Deno.writeFile(file, encode(each, network, state));
    const predict = prediction("fresh", { save_tensor: true }, {
      in: { model: `open_${architecture}`, images },
    });
    steps += open(each) + predict.replaceAll("steps.predict", `steps.${architecture}`);
  }
  steps += step("maps", "maps", {
    in: { models: "open_CVAE_3D_half", predictions: "CVAE_3D_half" },
    with: { n_resamples: 20 },
  });
  const outcome = await project.run(steps + '[publish]\n"maps" = "maps"\n');
  const sample = "loss/sub-02_ses-M000";
  await withDevice(async (device) => {
    for (const [each, weights] of states) {
      const { architecture } = each;
      const network = networkOf(each);
      const predictions = project.artifact(outcome, architecture, "predictions");
      assertEquals(predictions.meta.leakage, "none");
      const { input, output } = await readReconstruction(predictions, sample);
      const data = {
        shape: network.input,
        count: 1,
        normalisation: "none" as const,
        read: () => input.subarray(0, network.outputs),
      };
      const runs = [{ network, weights, items: Uint32Array.of(0) }];
      await reconstruct(device, { data, batchSize: 1, runs }, (direct) => {
        const isAlike = (value: number, i: number) => Math.abs(value - output[i]) < 1e-5;
        assert(direct.output.every(isAlike), architecture);
      });
    }
  });
  const { task, output_size, label_code, parameters } = modelMeta(
    project.artifact(outcome, "open_CVAE_3D_half", "model"),
  );
  assertEquals([task, output_size, label_code], ["reconstruction", 0, {}]);
  assertEquals([parameters.loss, parameters.latent_space_size], ["VAEGaussianLoss", 3]);

  const reopened = await project.run(
    DATA + step("train", "maps.open", { with: { maps_directory: "maps" } }) +
      prediction("fresh", { save_tensor: true }, { in: { images: "volumes" } }),
  );
  const [before, after] = await Promise.all(
    [
      project.artifact(outcome, "CVAE_3D_half", "predictions"),
      project.artifact(reopened, "predict", "predictions"),
    ].map((artifact) => readReconstruction(artifact, sample)),
  );
  assertEquals(after.output, before.output);
});

Deno.test("what a checkpoint of an autoencoder can't be is refused, with the reason", async () => {
  await using project = await createProject(GROUPS, [SIDE, SIDE, SIDE]);
  const vanilla = CASES[1];
  const network = networkOf(vanilla);
  await Deno.writeFile(
    `${project.folder}/Vanilla3DdenseVAE.pt`,
    encode(vanilla, network, createInitialState(network, 7)),
  );
  const refuses = async (params: Record<string, Value>, message: string) => {
    const error = await assertRejects(() =>
      project.run(DATA + open({ ...vanilla, params: { ...vanilla.params, ...params } }))
    );
    const text = error instanceof WorkflowError
      ? error.issues.map((issue) => issue.message).join("\n")
      : (error as Error).message;
    assertStringIncludes(text, message);
  };
  await refuses({ label_code: { AD: 0, CN: 1 } }, "Vanilla3DdenseVAE reconstructs");
  await refuses({ task: "regression" }, "Vanilla3DdenseVAE reconstructs");
  await refuses({ n_convblocks: 3 }, "Vanilla3DdenseVAE has no n_convblocks");
  await refuses({ architecture: "CVAE_3D_half" }, "CVAE_3D_half has no n_conv");
  await refuses({ latent_space_size: 4 }, "mu_layer.bias is [3], not [4]");
  await refuses({ feature_size: 5 }, "don't fit Vanilla3DdenseVAE (missing: ");
});
