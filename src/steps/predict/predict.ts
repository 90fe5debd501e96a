import { z } from "zod";
import { defineStep } from "../../workflow/step.ts";
import type { DeviceService } from "../../device/open.ts";
import { groupParameters, groupPreflight } from "./group_parameters.ts";

const params = z.object({
  ...groupParameters,
  voting: z.enum(["soft", "hard"]).default("soft").describe(
    "Votes from elements to images: each element weighed by its accuracy on the validation set, or all equally.",
  ),
  selection_threshold: z.number().min(0).max(1).optional().describe(
    "Elements with a lower validation accuracy have no soft vote; the model's when absent.",
  ),
  save_tensor: z.boolean().optional().describe(
    "Autoencoders: publish what they see and give back of every element as `.pt`.",
  ),
  save_nifti: z.boolean().optional().describe(
    "Autoencoders: publish the same as NIfTI, at its place in the image and with the image's affine.",
  ),
  save_latent_tensor: z.boolean().optional().describe(
    "Autoencoders: publish the latent of every element as `.pt`, and all of them as columns of latents.tsv.",
  ),
});

export type PredictParams = z.output<typeof params>;

export default defineStep<typeof params, DeviceService>({
  kind: "predict",
  version: 2,
  summary: "Applies a model to participants that it has not seen",
  description:
    `Predicts every element and, by votes, every image. Participants who were trained or validated on
are refused, whatever their name, unless \`on_training_data\` or the data group \`train\` or \`validation\`
asks for them; weights whose participants are unknown are marked \`not checkable\`. A session without a
label is predicted too, with a warning; its true label is \`n/a\`, and metrics leave it out.

Autoencoders are scored by MAE, RMSE, PSNR and SSIM of every element, and there are no votes; images are
scored for themselves alone, so that the participants need no labels. Six sessions are drawn for the
report: input, output and residual. Published with \`save_tensor\`, \`save_nifti\` or
\`save_latent_tensor\` are ClinicaDL's files, \`tensors/sub-P_ses-S_<mode>-<id>_{input,output}.pt\`,
\`nifti_images/sub-P_ses-S_{input,output}.nii.gz\` and \`latent_tensors/…_latent.pt\`; the channels of a
slice are averaged in a NIfTI, which has all elements at their places.

Unlike ClinicaDL: latents are means, never drawn at random; votes are always weighed by the validation set, never by the labels of the group
that is predicted; the check for leakage compares images and their voxels too and can't be skipped; images that
were extracted otherwise than the model's training images are refused.`,
  params,
  inputs: {
    model: { types: ["model"], description: "A trained model." },
    images: {
      types: ["images"],
      description: "Images of the participants, extracted as the model's.",
    },
    participants: {
      types: ["participants", "labels"],
      description: "Sessions to predict; absent for a data group of the model.",
      optional: true,
    },
  },
  outputs: {
    predictions: {
      type: "predictions",
      description: "Tables at element and image level; of autoencoders tensors on request.",
      publish: async (artifact, target) => {
        const { publishPredictions } = await import("./publish_predictions.ts");
        await publishPredictions(artifact, target);
      },
    },
  },
  runs: "device",
  checkParams: ({ voting, selection_threshold }) =>
    voting === "hard" && selection_threshold !== undefined
      ? [{ parameter: "selection_threshold", message: "hard voting takes no selection_threshold" }]
      : [],
  metricParameters: () => ["data_group", "baseline", "diagnoses", "label", "use_labels"],
  preflight: groupPreflight("predict"),
  run: async (context) => {
    const { predictImages } = await import("./predict_images.ts");
    return { predictions: await predictImages(context) };
  },
});
