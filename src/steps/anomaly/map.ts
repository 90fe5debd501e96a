import { z } from "zod";
import type { DeviceService } from "../../device/open.ts";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep } from "../../workflow/step.ts";
import { groupParameters } from "../predict/group_parameters.ts";

const { selection_metrics: _, ...group } = groupParameters;

const params = z.object({
  ...group,
  selection_metric: z.string().min(1).optional().describe(
    "Which of the model's best networks to apply; the first when absent.",
  ),
  healthy_labels: z.array(z.string().min(1)).min(1).optional().describe(
    "Labels that count as healthy. Sessions with others are left out of the reference, and are the anomalous ones of the AUC. When absent, those of the reference.",
  ),
  direction: z.enum(["both", "lower", "higher"]).default("both").describe(
    "Which differences count in scores: any, or only where the image is lower (as in hypometabolism or atrophy) or higher than it is given back.",
  ),
  match_intensity: z.boolean().default(true).describe(
    "Fit the output to the input by a factor and an offset before they are subtracted, so that the brightness of the whole image is no anomaly.",
  ),
  smoothing_sigma: z.number().min(0).max(20).default(2).describe(
    "Gaussian blur of residuals before they are normalised, voxels; 0 for none.",
  ),
  background_sigma: z.number().min(0).max(50).default(0).describe(
    "Gaussian blur, voxels, of what is subtracted from residuals: differences that vary more slowly, such as bias fields; 0 subtracts nothing.",
  ),
  sd_regularization: z.number().min(0).max(10).default(0.5).describe(
    "Share of the root mean square of all voxels' standard deviations that is added, in squares, to each, so that voxels which hardly vary do not dominate.",
  ),
  score_part: z.number().positive().max(1).default(0.001).describe(
    "Part of the voxels, those with the largest normalised residuals, that `score` is the mean of; 1 for all.",
  ),
  threshold: z.number().positive().default(3).describe(
    "Normalised residual above which a voxel counts in `share`.",
  ),
  roi_list: z.array(z.string().min(1)).min(1).optional().describe(
    "Regions that are scored by themselves, by their masks, as in extract.rois.",
  ),
  roi_custom_template: z.string().min(1).optional().describe("As in extract.rois."),
  roi_custom_mask_pattern: z.string().optional().describe("As in extract.rois."),
  masks_directory: pathParameter().optional().describe(
    "Folder with the masks, where no data set is connected that has them.",
  ),
  save_nifti: z.boolean().default(false).describe(
    "Publish the map of every session as NIfTI with the image's affine, and of every element as `.pt`.",
  ),
  n_resamples: z.int().min(0).max(1_000_000).default(3000).describe(
    "Bootstrap resamples of participants for the AUC's interval; 0 gives none.",
  ),
  confidence_level: z.number().gt(0).lt(1).default(0.95).describe("Coverage of the interval."),
  seed: z.int().min(0).max(0xffffffff).default(0).describe("Seed of the bootstrap."),
});

export type AnomalyParams = z.output<typeof params>;

export default defineStep<typeof params, DeviceService>({
  kind: "anomaly.map",
  version: 1,
  summary: "Maps where images differ from healthy ones, by an autoencoder of healthy images",
  description:
    `The residual of a voxel is what the network sees minus what it gives back. Its mean and
standard deviation over healthy sessions that the network was not trained on normalise it:
z = (residual - mean) / sqrt(sd² + (sd_regularization · s)²), s the root mean square of sd over voxels.

The healthy sessions are those of the model's validation set, or \`in.healthy\`. Training participants
are refused there, whose residuals are too small, and so are participants who are scored themselves.

\`scores.tsv\` has a row a session: \`score\`, the mean of z in the \`direction\` (of both, of its magnitude) over
the \`score_part\` of voxels where it is largest; \`mean\`, the mean of z; \`share\`, the part of voxels beyond \`threshold\`; and the same for
every region of \`roi_list\` as \`<region>_score\`, \`<region>_mean\`, \`<region>_share\`. Masks may lie on
another grid than the images: each voxel takes the mask's value at its place.

\`auc\` has the area under the ROC curve of every score, where sessions of both kinds are labelled, with
an interval by a bootstrap of participants. Six sessions are drawn for the report.`,
  params,
  inputs: {
    model: { types: ["model"], description: "A model of train.reconstruction." },
    images: {
      types: ["images"],
      description:
        "Images of the scored and of the healthy participants, extracted as the model's.",
    },
    participants: {
      types: ["participants", "labels"],
      description: "Sessions to score; absent for a data group of the model.",
      optional: true,
    },
    healthy: {
      types: ["participants", "labels"],
      description: "Healthy sessions, in place of the model's validation set.",
      optional: true,
    },
    caps: {
      types: ["caps"],
      description: "A data set with the masks of `roi_list`.",
      optional: true,
    },
  },
  outputs: {
    anomaly: {
      type: "anomaly",
      description:
        "scores.tsv, auc.tsv, healthy residuals, pictures, and on request the maps of every session.",
      publish: async (artifact, target) => {
        const { publishAttribution } = await import("../interpret/publish_attribution.ts");
        await publishAttribution(artifact, target);
      },
    },
    auc: { type: "table", description: "One row a score; empty where labels are unknown." },
  },
  runs: "device",
  checkParams: ({ roi_list, ...rest }) =>
    (["roi_custom_template", "roi_custom_mask_pattern", "masks_directory"] as const)
      .filter((name) => roi_list === undefined && rest[name] !== undefined)
      .map((parameter) => ({
        parameter,
        message: `${parameter} changes nothing, since no region is scored`,
        suggestion: "add roi_list",
      })),
  preflight: {
    reads: [],
    readsIfKnown: ["images", "model", "participants", "healthy"],
    check: async (context) => {
      const { preflightAnomaly } = await import("./scored_groups.ts");
      return await preflightAnomaly(context);
    },
  },
  run: async (context) => {
    const { computeAnomaly } = await import("./compute_anomaly.ts");
    return await computeAnomaly(context);
  },
});
