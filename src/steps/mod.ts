/**
 * Every step kind that `uses` can name, in the order of a workflow. A declaration is
 * loaded when a file names it, so that starting the program stays quick.
 */
import type { StepKind, StepModules } from "../workflow/step.ts";

export const stepModules: StepModules = {
  "caps.open": () => import("./caps/open.ts"),
  "bids.open": () => import("./bids/open.ts"),
  "preprocess.t1_linear": () => import("./preprocess/t1_linear.ts"),
  "preprocess.flair_linear": () => import("./preprocess/flair_linear.ts"),
  "preprocess.figure": () => import("./preprocess/figure.ts"),
  "generate.phantom": () => import("./generate/phantom.ts"),
  "generate.template": () => import("./generate/template.ts"),
  "generate.trivial": () => import("./generate/trivial.ts"),
  "generate.random": () => import("./generate/random.ts"),
  "generate.shepplogan": () => import("./generate/shepplogan.ts"),
  "generate.hypometabolic": () => import("./generate/hypometabolic.ts"),
  "generate.artifacts": () => import("./generate/artifacts.ts"),
  "caps.generate": () => import("./caps/generate.ts"),
  "extract.slices": () => import("./extract/slices.ts"),
  "extract.patches": () => import("./extract/patches.ts"),
  "extract.rois": () => import("./extract/rois.ts"),
  "extract.images": () => import("./extract/images.ts"),
  "tables.open": () => import("./tables/open.ts"),
  "maps.open": () => import("./maps/open.ts"),
  "model.open": () => import("./model/open.ts"),
  "labels.get": () => import("./labels/get.ts"),
  "labels.metadata": () => import("./labels/metadata.ts"),
  "labels.progression": () => import("./labels/progression.ts"),
  "labels.analysis": () => import("./labels/analysis.ts"),
  "split.holdout": () => import("./split/holdout.ts"),
  "split.kfold": () => import("./split/kfold.ts"),
  "split.fold": () => import("./split/fold.ts"),
  "augment.preview": () => import("./augment/preview.ts"),
  "train.classification": () => import("./train/classification.ts"),
  "train.regression": () => import("./train/regression.ts"),
  "train.reconstruction": () => import("./train/reconstruction.ts"),
  "predict": () => import("./predict/predict.ts"),
  "evaluate": () => import("./evaluate/evaluate.ts"),
  "interpret.gradients": () => import("./interpret/gradients.ts"),
  "interpret.gradcam": () => import("./interpret/gradcam.ts"),
  "anomaly.map": () => import("./anomaly/map.ts"),
  "maps": () => import("./maps/maps.ts"),
};

/** Address of the module that declares a kind: `a.b` in `a/b.ts`, `a` in `a/a.ts`. */
export function moduleOf(kind: string): URL {
  const [folder, name = folder] = kind.split(".");
  return new URL(`${folder}/${name}.ts`, import.meta.url);
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
