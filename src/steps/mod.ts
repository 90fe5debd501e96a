/** Every step kind that `uses` can name; `gyrus steps` lists them in this order. */
import type { StepKind } from "../workflow/step.ts";
import bidsOpen from "./bids_open.ts";
import capsGenerate from "./caps_generate.ts";
import capsOpen from "./caps_open.ts";
import evaluate from "./evaluate.ts";
import extractImages from "./extract_images.ts";
import extractPatches from "./extract_patches.ts";
import extractRois from "./extract_rois.ts";
import extractSlices from "./extract_slices.ts";
import interpretGradcam from "./interpret_gradcam.ts";
import interpretGradients from "./interpret_gradients.ts";
import labelsAnalysis from "./labels_analysis.ts";
import labelsGet from "./labels_get.ts";
import labelsMetadata from "./labels_metadata.ts";
import labelsProgression from "./labels_progression.ts";
import maps from "./maps.ts";
import mapsOpen from "./maps_open.ts";
import predict from "./predict.ts";
import splitHoldout from "./split_holdout.ts";
import splitKfold from "./split_kfold.ts";
import tablesOpen from "./tables_open.ts";
import trainClassification from "./train_classification.ts";
import trainRegression from "./train_regression.ts";

export const stepKinds: readonly StepKind[] = [
  capsOpen,
  bidsOpen,
  capsGenerate,
  extractSlices,
  extractPatches,
  extractRois,
  extractImages,
  tablesOpen,
  mapsOpen,
  labelsGet,
  labelsMetadata,
  labelsProgression,
  labelsAnalysis,
  splitHoldout,
  splitKfold,
  trainClassification,
  trainRegression,
  predict,
  evaluate,
  interpretGradients,
  interpretGradcam,
  maps,
];
