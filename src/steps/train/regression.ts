import { z } from "zod";
import { defineStep } from "../../workflow/step.ts";
import type { DeviceService } from "../../device/open.ts";
import { parseClinicadlConfig } from "./clinicadl_config.ts";
import { checkTrainingParameters, trainingNotes, trainingParameters } from "./parameters.ts";
import {
  trainingDifferences,
  trainingInputs,
  trainingOutputs,
  trainingPreflight,
} from "./ports.ts";

const params = z.object({
  ...trainingParameters,
  label: z.string().min(1).default("age").describe("Numeric column to predict."),
  selection_metrics: z.array(z.enum(["loss", "MAE", "RMSE", "R2_score"])).min(1).default(["loss"])
    .describe("Metrics of the validation set that each choose a best network."),
  loss: z.enum([
    "MSELoss",
    "L1Loss",
    "HuberLoss",
    "SmoothL1Loss",
    "BCEWithLogitsLoss",
    "KLDivLoss",
  ]).default("MSELoss").describe("Loss, by PyTorch's definition."),
});

export default defineStep<typeof params, DeviceService>({
  kind: "train.regression",
  version: 2,
  summary: "Trains one network, or one a slice position, to predict a number",
  description: trainingDifferences,
  params,
  inputs: trainingInputs,
  outputs: trainingOutputs,
  runs: "device",
  chain: "epochs",
  unkeyed: ["checkpoint_interval"],
  preset: {
    parameter: "config_file",
    parse: (text, subject) => parseClinicadlConfig(text, subject, "regression"),
  },
  checkParams: (params) => [
    ...checkTrainingParameters(params),
    ...params.sampler === "weighted"
      ? [{ parameter: "sampler", message: "the weighted sampler weighs classes; there are none" }]
      : [],
  ],
  planNotes: trainingNotes,
  preflight: trainingPreflight("regression"),
  checkInputs: async ({ inputs, params }) => {
    const { setUp } = await import("./setup.ts");
    await setUp({ inputs, params: { ...params, selection_threshold: 0 } }, "regression");
  },
  run: async (context) => {
    const { trainModel } = await import("./train.ts");
    return await trainModel(
      { ...context, params: { ...context.params, selection_threshold: 0 } },
      "regression",
    );
  },
});
