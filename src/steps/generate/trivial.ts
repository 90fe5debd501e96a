import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep } from "../../workflow/step.ts";
import {
  GENERATION_THREADS,
  generationOutputs,
  image,
  n_subjects,
  POPULATION_TEXT,
  seed,
  sourceInput,
} from "./parameters.ts";

export default defineStep({
  kind: "generate.trivial",
  version: 1,
  summary: "Darkens one half of real heads: the left in AD, the right in CN",
  description: `Each image gives a participant of each class in turn, so that images may be fewer
than participants. Unlike ClinicaDL nothing is downloaded: without masks the halves are found in the
volume itself.

${POPULATION_TEXT}`,
  params: z.object({
    n_subjects,
    seed,
    image,
    mask_path: pathParameter().optional().describe(
      "Folder with mask-1.nii[.gz] (AD) and mask-2.nii[.gz] (CN); the halves of the head when absent.",
    ),
    atrophy_percent: z.number().min(0).max(100).default(60)
      .describe("Loss of signal in the masked half."),
  }),
  inputs: { caps: { ...sourceInput, optional: true } },
  outputs: generationOutputs,
  runs: "worker",
  cpu: GENERATION_THREADS,
  run: async (context) => {
    const { planFromSources } = await import("../../imaging/generate/plan.ts");
    const { generateDataset } = await import("./generate_dataset.ts");
    const { readMaskPair, readDatasetOrImage } = await import("./sources.ts");
    const { n_subjects, seed, image, mask_path, atrophy_percent: atrophyPercent } = context.params;
    const plan = planFromSources(
      "trivial",
      { nSubjects: n_subjects, seed },
      await readDatasetOrImage(context, "generate.trivial", image),
      (session) => ({ kind: "trivial", seed, session, atrophyPercent }),
    );
    const masks = mask_path === undefined ? [] : await readMaskPair(context, mask_path);
    return await generateDataset(context, plan, masks);
  },
});
