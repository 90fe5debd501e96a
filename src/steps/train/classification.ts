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

const METRICS = [
  "loss",
  "BA",
  "accuracy",
  "F1_score",
  "sensitivity",
  "specificity",
  "PPV",
  "NPV",
  "MCC",
  "MK",
  "LR_plus",
  "LR_minus",
] as const;

const params = z.object({
  ...trainingParameters,
  label: z.string().min(1).default("diagnosis").describe("Column to predict."),
  label_code: z.record(z.string(), z.int().min(0)).optional().describe(
    "Output node of each label, such as { AD = 0, CN = 1 }; several labels may share one. Absent: the sorted labels.",
  ),
  selection_metrics: z.array(z.enum(METRICS)).min(1).default(["loss"]).describe(
    "Metrics of the validation set that each choose a best network.",
  ),
  selection_threshold: z.number().min(0).max(1).default(0).describe(
    "Elements with a lower validation accuracy have no soft vote.",
  ),
  loss: z.enum(["CrossEntropyLoss", "MultiMarginLoss"]).default("CrossEntropyLoss").describe(
    "Loss, by PyTorch's definition.",
  ),
});

export default defineStep<typeof params, DeviceService>({
  kind: "train.classification",
  version: 2,
  summary: "Trains one network, or one a slice position, to tell classes apart",
  description: trainingDifferences,
  params,
  inputs: trainingInputs,
  outputs: trainingOutputs,
  runs: "device",
  chain: "epochs",
  unkeyed: ["checkpoint_interval"],
  preset: {
    parameter: "config_file",
    parse: (text, subject) => parseClinicadlConfig(text, subject, "classification"),
  },
  checkParams: checkTrainingParameters,
  planNotes: trainingNotes,
  preflight: trainingPreflight("classification"),
  checkInputs: async (context) => {
    const { setUp } = await import("./setup.ts");
    await setUp(context, "classification");
  },
  run: async (context) => {
    const { trainModel } = await import("./train.ts");
    return await trainModel(context, "classification");
  },
});
