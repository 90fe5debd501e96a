import type { DeviceService } from "../../device/open.ts";
import { defineStep } from "../../workflow/step.ts";
import { trainingDeclaration } from "./declaration.ts";
import { checkTrainingParameters, reconstructionParameters } from "./parameters.ts";
import { checkReconstructionParameters } from "./reconstruction_objective.ts";

export default defineStep<typeof reconstructionParameters, DeviceService>({
  kind: "train.reconstruction",
  summary: "Trains one autoencoder, or one an element, to give back its input",
  params: reconstructionParameters,
  checkParams: (params) => [
    ...checkTrainingParameters(params),
    ...checkReconstructionParameters(params),
  ],
  ...trainingDeclaration("reconstruction"),
});
