import { z } from "zod";
import { defineStep } from "../../workflow/step.ts";
import {
  declareDataset,
  extent,
  GENERATION_THREADS,
  generationOutputs,
  n_subjects,
  POPULATION_TEXT,
  seed,
} from "./parameters.ts";

const probabilities = z.tuple([z.number().min(0), z.number().min(0), z.number().min(0)]);

const params = z.object({
  n_subjects,
  seed,
  image_size: extent.default(128).describe("Pixels of a side."),
  cn_subtypes_distribution: probabilities.default([1, 0, 0])
    .describe("Probability of each subtype among controls."),
  ad_subtypes_distribution: probabilities.default([0.05, 0.85, 0.1])
    .describe("Probability of each subtype among patients."),
  smoothing: z.boolean().default(false).describe("Blur the images."),
});

type Params = z.output<typeof params>;

export default defineStep({
  kind: "generate.shepplogan",
  version: 1,
  summary: "Makes 2D heads of ellipses in three subtypes",
  description:
    `The column \`subtype\` of \`participants.tsv\` holds the subtype. Unlike in ClinicaDL an
image is a NIfTI file with one axial slice, and every participant is listed once.

${POPULATION_TEXT}`,
  params,
  inputs: {},
  outputs: generationOutputs,
  runs: "worker",
  cpu: GENERATION_THREADS,
  checkParams(params) {
    return (["cn_subtypes_distribution", "ad_subtypes_distribution"] as const).flatMap((name) => {
      const sum = params[name].reduce((total, share) => total + share, 0);
      return Math.abs(sum - 1) <= 1e-9
        ? []
        : [{ parameter: name, message: `probabilities must sum to 1, not ${sum}` }];
    });
  },
  preflight: declareDataset(({ image_size, n_subjects }: Params) => ({
    images: 2 * n_subjects,
    shape: [image_size, image_size, 1],
  })),
  run: async (context) => {
    const { planSheppLogan } = await import("../../imaging/generate/plan.ts");
    const { generateDataset } = await import("./generate_dataset.ts");
    const { params } = context;
    const plan = planSheppLogan({ nSubjects: params.n_subjects, seed: params.seed }, {
      size: params.image_size,
      subtypes: { AD: params.ad_subtypes_distribution, CN: params.cn_subtypes_distribution },
      smoothing: params.smoothing,
    });
    return await generateDataset(context, plan);
  },
});
