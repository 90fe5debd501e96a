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
  kind: "preprocess.t1_linear",
  version: LINEAR_VERSION,
  summary: "Registers raw T1-weighted images to a template, as Clinica's t1-linear",
  description: LINEAR_TEXT,
  params: linearParameters,
  inputs: linearInputs,
  outputs: linearOutputs,
  runs: linearPlace,
  cpu: LINEAR_THREADS,
  ...linearForecast("t1-linear"),
  run: async (context) => {
    const { preprocessHeads } = await import("./preprocess_heads.ts");
    return await preprocessHeads(context, "t1-linear");
  },
});
