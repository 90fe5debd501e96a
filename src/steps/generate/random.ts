import { z } from "zod";
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
  kind: "generate.random",
  version: 1,
  summary: "Adds noise to the first real image; there is nothing to learn",
  description: POPULATION_TEXT,
  params: z.object({
    n_subjects,
    seed,
    image,
    mean: z.number().default(0).describe("Mean of the noise."),
    sigma: z.number().min(0).default(0.5).describe("Standard deviation of the noise."),
  }),
  inputs: { caps: { ...sourceInput, optional: true } },
  outputs: generationOutputs,
  runs: "worker",
  cpu: GENERATION_THREADS,
  run: async (context) => {
    const { planFromSources } = await import("../../imaging/generate/plan.ts");
    const { generateDataset } = await import("./generate_dataset.ts");
    const { readDatasetOrImage } = await import("./sources.ts");
    const { n_subjects, seed, image, mean, sigma } = context.params;
    const plan = planFromSources(
      "random",
      { nSubjects: n_subjects, seed },
      await readDatasetOrImage(context, "generate.random", image),
      (session) => ({ kind: "random", seed, session, mean, sigma }),
    );
    return await generateDataset(context, plan);
  },
});
