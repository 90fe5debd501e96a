import { z } from "zod";
import { type Artifact, type Blob, defineStep } from "../../workflow/step.ts";

export default defineStep({
  kind: "maps",
  version: 8,
  summary: "Assembles a MAPS folder that ClinicaDL 1.6.1 can read",
  description:
    `Takes the trained networks of every split (\`in.models = "train[*]"\`), which must not
differ in anything else, and predictions by them. The folder has ClinicaDL's layout, tables and
parameter names, so that its \`predict\` and \`interpret\` can use it.

A ResNet-18 of slices with a plain linear head is written with ClinicaDL's two layers, which give the
same outputs. Networks that ClinicaDL does not have (\`resnet34\`, ResNets of volumes) are written under
their own names. ClinicaDL takes consecutive slices only: of others, or of slices that each image has of
its own, \`maps.json\` keeps the indices for \`maps.open\`. Warnings list what ClinicaDL can't use, such
as ResNet3D of another size than 1x169x208x179, and what it needs besides: of patches tensors of uncut
images, of regions the masks.

Of autoencoders the folder has what they see and give back of the first image of the training and of
the validation set, and of predictions what these saved. ClinicaDL 1.6.1 opens those that it can
construct; \`recons_weight\` is converted to its sums over a batch.

Leakage by images is found in a published MAPS too: \`image_digests.tsv\`, which ClinicaDL does not
read, lists digests of the images and voxels that the networks were trained and validated on.

Unlike ClinicaDL: results hold no dates, paths or durations, so that the same training gives the same
MAPS; TensorBoard shows steps instead of times; the loss in metric tables is a mean, not a sum over
batches.`,
  params: z.object({
    caps_directory: z.string().default("")
      .describe("Written into maps.json: where ClinicaDL finds the images."),
    n_resamples: z.int().min(0).max(1_000_000).default(3000)
      .describe("Bootstrap resamples for the confidence intervals of the metric tables."),
    seed: z.int().min(0).max(0xffffffff).default(0).describe("Seed of the bootstrap."),
  }),
  inputs: {
    models: { types: ["model"], description: "Networks of one split, or of several.", many: true },
    predictions: {
      types: ["predictions"],
      description: "Predictions of further data groups; those by other models are left out.",
      many: true,
      optional: true,
    },
  },
  outputs: {
    maps: {
      type: "maps",
      description: "The MAPS tree. Its weights become PyTorch checkpoints when it is published.",
      publish: async (artifact, target) => {
        const { publishMaps } = await import("./publish_maps.ts");
        await publishMaps(artifact, target);
      },
    },
  },
  runs: "worker",
  // The models' weights are in the store already.
  estimate: (_params, _inputs, { models }) =>
    models === undefined ? {} : { publishedBytes: { maps: models } },
  run: async (context) => {
    const { mapsFiles, weightsPath } = await import("../../maps/write.ts");
    const { storedWeightsPath } = await import("../../artifacts/maps.ts");
    const { gatherMaps } = await import("./gather_maps.ts");
    const { models, predictions } = context.inputs;
    const { caps_directory, n_resamples, seed } = context.params;
    const maps = await gatherMaps(
      models as readonly Artifact[],
      (predictions ?? []) as readonly Artifact[],
      {
        capsDirectory: caps_directory,
        bootstrap: { seed, resamples: n_resamples, confidence: 0.95 },
        warn: (message) => context.warn(message),
      },
    );
    const files: Record<string, Uint8Array | string | Blob> = {};
    for await (const [path, content] of mapsFiles(maps)) {
      context.signal.throwIfAborted();
      files[path] = path.endsWith(".pt") || path.endsWith(".nii.gz")
        ? await context.put(content as Uint8Array)
        : content;
    }
    // The model's own objects, so that the store has the weights once.
    for (const { split, weights } of maps.splits) {
      for (const stored of weights) {
        const { digest, size } = stored.file;
        files[storedWeightsPath(weightsPath(split, stored))] = { digest, size };
      }
    }
    const { architecture } = maps.description;
    const splits = maps.splits.map(({ split }) => split);
    return { maps: { meta: { splits, architecture }, files } };
  },
});
