import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep } from "../../workflow/step.ts";
import { GENERATION_THREADS, generationOutputs, n_subjects, sourceInput } from "./parameters.ts";

export default defineStep({
  kind: "generate.hypometabolic",
  version: 1,
  summary: "Lowers the metabolism of FDG-PET images where a dementia lowers it",
  description: `Published, \`caps\` is a CAPS folder whose \`participants.tsv\` has the rows of the
images' sessions, with the dementia as diagnosis. File names get entities before their suffix:
\`caps.open\` finds them by \`custom_suffix\`. Unlike ClinicaDL nothing is downloaded: without a mask the
regions are ellipsoids in MNI space.`,
  params: z.object({
    n_subjects: n_subjects.describe("Images to take, the first of in.caps."),
    mask_path: pathParameter().optional().describe(
      "The pathology's mask; ellipsoids in MNI space when absent.",
    ),
    pathology: z.enum(["ad", "bvftd", "lvppa", "nfvppa", "pca", "svppa"]).default("ad").describe(
      "Which dementia.",
    ),
    anomaly_degree: z.number().min(0).max(100).default(30)
      .describe("Loss of metabolism in percent."),
    diagnoses: z.array(z.string().min(1)).min(1).optional().describe(
      "Diagnoses of the sessions whose images are changed; the others stay as they are, under their own diagnosis. All are changed when absent.",
    ),
    blur_sigma: z.number().min(0).max(50).default(5)
      .describe("Blur of the mask, voxels (ClinicaDL's sigma)."),
  }),
  inputs: { caps: sourceInput },
  outputs: generationOutputs,
  runs: "worker",
  cpu: GENERATION_THREADS,
  run: async (context) => {
    const { planHypometabolic } = await import("../../imaging/generate/plan.ts");
    const { generateDataset } = await import("./generate_dataset.ts");
    const { readMask, readDataset } = await import("./sources.ts");
    const { n_subjects, mask_path, pathology, anomaly_degree, blur_sigma, diagnoses } =
      context.params;
    const plan = planHypometabolic(
      await readDataset(context, "generate.hypometabolic"),
      n_subjects,
      { pathology, degree: anomaly_degree, sigma: blur_sigma },
      diagnoses,
    );
    const masks = mask_path === undefined ? [] : [await readMask(context, mask_path)];
    return await generateDataset(context, plan, masks);
  },
});
