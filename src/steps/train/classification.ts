import type { DeviceService } from "../../device/open.ts";
import { defineStep } from "../../workflow/step.ts";
import { trainingDeclaration } from "./declaration.ts";
import { checkTrainingParameters, classificationParameters } from "./parameters.ts";

export default defineStep<typeof classificationParameters, DeviceService>({
  kind: "train.classification",
  summary: "Trains one network, or one an element, to tell classes apart",
  params: classificationParameters,
  checkParams: checkTrainingParameters,
  ...trainingDeclaration("classification"),
});
