import { z } from "zod";
import { defineStep } from "../../workflow/step.ts";
import { GENERATION_THREADS, generationOutputs, seed, sourceInput } from "./parameters.ts";

const range = z.tuple([z.number(), z.number()]);

export default defineStep({
  kind: "generate.artifacts",
  version: 1,
  summary: "Adds motion, changed contrast and noise to real images",
  description:
    `Published, \`caps\` is a CAPS folder with the rows of the images' sessions. File names
get entities before their suffix: \`caps.open\` finds them by \`custom_suffix\`. Everything follows the
seed.`,
  params: z.object({
    seed,
    artifacts: z.array(z.enum(["motion", "contrast", "noise"])).min(1).default([
      "motion",
      "contrast",
      "noise",
    ])
      .describe("Which ones; motion comes first, noise last."),
    translation: range.default([2, 4]).describe("Movement along an axis, mm."),
    rotation: range.default([2, 4]).describe("Rotation about an axis, degrees."),
    num_transforms: z.int().min(1).max(20).default(2).describe("Movements a scan."),
    gamma: range.default([-0.2, -0.05])
      .describe("Logarithm of the exponent that changes contrast."),
    noise_std: range.default([5, 15]).describe("Standard deviation of the noise."),
  }),
  inputs: { caps: sourceInput },
  outputs: generationOutputs,
  runs: "worker",
  cpu: GENERATION_THREADS,
  run: async (context) => {
    const { planArtifacts } = await import("../../imaging/generate/plan.ts");
    const { generateDataset } = await import("./generate_dataset.ts");
    const { readDataset } = await import("./sources.ts");
    const { seed, artifacts, translation, rotation, num_transforms, gamma, noise_std } =
      context.params;
    const plan = planArtifacts(await readDataset(context, "generate.artifacts"), seed, {
      artifacts,
      translation,
      rotation,
      numTransforms: num_transforms,
      gamma,
      noiseStd: noise_std,
    });
    return await generateDataset(context, plan);
  },
});
