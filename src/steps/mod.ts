/**
 * Every step kind that `uses` can name; `gyrus steps` lists them in this order. A declaration is
 * loaded when a file names it, so that starting the program stays quick.
 */
import type { StepKind, StepModules } from "../workflow/step.ts";

export const stepModules: StepModules = {
  "caps.open": () => import("./caps_open.ts"),
  "bids.open": () => import("./bids_open.ts"),
  "caps.generate": () => import("./caps_generate.ts"),
  "extract.slices": () => import("./extract_slices.ts"),
  "extract.patches": () => import("./extract_patches.ts"),
  "extract.rois": () => import("./extract_rois.ts"),
  "extract.images": () => import("./extract_images.ts"),
  "tables.open": () => import("./tables_open.ts"),
  "maps.open": () => import("./maps_open.ts"),
  "model.open": () => import("./model_open.ts"),
  "labels.get": () => import("./labels_get.ts"),
  "labels.metadata": () => import("./labels_metadata.ts"),
  "labels.progression": () => import("./labels_progression.ts"),
  "labels.analysis": () => import("./labels_analysis.ts"),
  "split.holdout": () => import("./split_holdout.ts"),
  "split.kfold": () => import("./split_kfold.ts"),
  "train.classification": () => import("./train_classification.ts"),
  "train.regression": () => import("./train_regression.ts"),
  "predict": () => import("./predict.ts"),
  "evaluate": () => import("./evaluate.ts"),
  "interpret.gradients": () => import("./interpret_gradients.ts"),
  "interpret.gradcam": () => import("./interpret_gradcam.ts"),
  "maps": () => import("./maps.ts"),
};

/** Address of the module that declares a kind. */
export function moduleOf(kind: string): URL {
  return new URL(`${kind.replace(".", "_")}.ts`, import.meta.url);
}

/** Undefined when there is no such kind. */
export async function loadKind(name: string): Promise<StepKind | undefined> {
  return Object.hasOwn(stepModules, name) ? (await stepModules[name]()).default : undefined;
}

export async function loadKinds(): Promise<StepKind[]> {
  return await Promise.all(
    Object.values(stepModules).map(async (load) => (await load()).default),
  );
}
