import { defineStep } from "../../workflow/step.ts";
import {
  LINEAR_TEXT,
  LINEAR_THREADS,
  LINEAR_VERSION,
  linearForecast,
  linearInputs,
  linearOutputs,
  linearParameters,
  linearPlace,
} from "./declaration.ts";

export default defineStep({
  kind: "preprocess.flair_linear",
  version: LINEAR_VERSION,
  summary: "Registers raw FLAIR images to a template, as Clinica's flair-linear",
  description: LINEAR_TEXT,
  params: linearParameters,
  inputs: linearInputs,
  outputs: linearOutputs,
  runs: linearPlace,
  cpu: LINEAR_THREADS,
  ...linearForecast("flair-linear"),
  run: async (context) => {
    const { preprocessHeads } = await import("./preprocess_heads.ts");
    return await preprocessHeads(context, "flair-linear");
  },
});
