import type { DeviceService } from "../../device/open.ts";
import { defineStep } from "../../workflow/step.ts";
import { trainingDeclaration } from "./declaration.ts";
import { checkTrainingParameters, regressionParameters } from "./parameters.ts";

export default defineStep<typeof regressionParameters, DeviceService>({
  kind: "train.regression",
  summary: "Trains one network, or one an element, to predict a number",
  params: regressionParameters,
  checkParams: (params) => [
    ...checkTrainingParameters(params),
    ...params.sampler === "weighted"
      ? [{ parameter: "sampler", message: "the weighted sampler weighs classes; there are none" }]
      : [],
  ],
  ...trainingDeclaration("regression"),
});
