import { z } from "zod";
import { AUTOENCODERS, NETWORKS } from "../../nn/names.ts";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep } from "../../workflow/step.ts";
import {
  autoencoderParameters,
  checkAutoencoderParameters,
  isAutoencoder,
} from "./autoencoder_parameters.ts";
import { checkRandomArchitecture, randomArchitectureParameters } from "./random_architecture.ts";
import { checkVolumeParameters, volumeParameters } from "./volume_parameters.ts";

const params = z.object({
  weights: pathParameter().describe(
    "Weights of one network: .safetensors, .pt, .pth or .pth.tar, under PyTorch's names or ClinicaDL's. A ResNet ends in one linear layer, or in ClinicaDL's two.",
  ),
  architecture: z.enum([...NETWORKS, ...AUTOENCODERS]).default("Conv5_FC3").describe(
    "Network that the weights are of.",
  ),
  task: z.enum(["classification", "regression"]).default("classification").describe(
    "What a network with output nodes was trained for; an autoencoder reconstructs.",
  ),
  label: z.string().min(1).optional().describe(
    "Column that it predicts, of an autoencoder by which the report colours latents; when absent `diagnosis`, or `age` of a regression.",
  ),
  label_code: z.record(z.string(), z.int().min(0)).optional().describe(
    "Output node of each label, such as { AD = 0, CN = 1 }; a classification needs it.",
  ),
  ...volumeParameters,
  ...autoencoderParameters,
  ...randomArchitectureParameters,
  n_conv: z.int().min(1).max(8).optional().describe(
    "Vanilla3DdenseVAE: convolutions, 4 when absent; RandomArchitecture: convolutions of each block, 1 when absent.",
  ),
  normalize: z.boolean().default(true).describe(
    "Whether its inputs were min-max normalised to [0, 1].",
  ),
  normalization_level: z.enum(["element", "image"]).default("element").describe(
    "Range of the normalisation: each element by itself, or the whole image.",
  ),
});

export type OpenParams = z.output<typeof params>;

/** Problems of the sizes of layers with another architecture; `n_conv` is of two. */
function checkSizes(params: OpenParams): { parameter: string; message: string }[] {
  if (params.architecture === "RandomArchitecture") {
    return checkAutoencoderParameters({ ...params, n_conv: undefined });
  }
  const ofAutoencoder = checkAutoencoderParameters(params);
  const known = new Set(ofAutoencoder.map(({ parameter }) => parameter));
  const own = params.architecture === "Vanilla3DdenseVAE" ? { n_conv: undefined } : {};
  const ofRandom = checkRandomArchitecture({ ...params, ...own });
  return [...ofAutoencoder, ...ofRandom.filter(({ parameter }) => !known.has(parameter))];
}

/** Problems of the task with the architecture, and of the labels with the task. */
function checkTask(
  { architecture, task, label_code }: OpenParams,
): { parameter: string; message: string; suggestion?: string }[] {
  if (isAutoencoder(architecture)) {
    return [
      ...task === "regression"
        ? [{ parameter: "task", message: `${architecture} reconstructs; it has no other task` }]
        : [],
      ...label_code !== undefined
        ? [{ parameter: "label_code", message: `${architecture} reconstructs; it has no classes` }]
        : [],
    ];
  }
  if (task === "regression") {
    return label_code === undefined
      ? []
      : [{ parameter: "label_code", message: "a regression has no classes" }];
  }
  if (label_code !== undefined) return [];
  return [{
    parameter: "label_code",
    message: "a classification needs the output node of each label",
    suggestion: "add label_code = { AD = 0, CN = 1 }, in the order of the network's outputs",
  }];
}

export default defineStep({
  kind: "model.open",
  version: 2,
  summary: "Opens a PyTorch checkpoint of one network as a model",
  description:
    `For weights outside a MAPS, such as a ResNet-18 that was trained with torchvision. The
model serves \`predict\`, \`interpret.*\`, \`maps\` and a training step's \`in.transfer\` like a trained
one, on images that were extracted as \`in.images\`. A checkpoint is read without running what it
contains, must fit the architecture in every tensor, and is refused where a weight is NaN or infinite
or a variance of batch normalisation is negative.

A checkpoint does not list the participants that the network was trained on. With \`in.participants\`
leakage is found; without, predictions are marked \`not checkable\`. It has no predictions of a
validation set either, so \`predict\` needs \`voting = "hard"\` where images have several elements and
classes, and \`anomaly.map\` needs \`in.healthy\`. Later steps find it as the best network by \`loss\`.`,
  params,
  inputs: {
    images: {
      types: ["images"],
      description: "Images extracted as those that the network was trained on.",
    },
    participants: {
      types: ["participants", "labels"],
      description: "Everyone the network was trained or validated on.",
      optional: true,
    },
  },
  outputs: { model: { type: "model", description: "The network." } },
  runs: "inline",
  checkParams: (params) => [
    ...checkVolumeParameters(params),
    ...checkSizes(params),
    ...checkTask(params),
  ],
  preflight: {
    reads: ["participants"],
    readsIfKnown: ["images"],
    check: async (context) => {
      const { preflightCheckpoint } = await import("./open_checkpoint.ts");
      return { model: await preflightCheckpoint(context) };
    },
  },
  run: async (context) => {
    const { openCheckpoint } = await import("./open_checkpoint.ts");
    return { model: await openCheckpoint(context) };
  },
});
