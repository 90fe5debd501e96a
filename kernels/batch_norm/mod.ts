/** Batch and instance normalisation with fused activation and residual sum, of images and volumes. */
export { batchNormBackward } from "./backward.ts";
export type { BatchNormOptions } from "./layer.ts";
export { batchNormEvaluate, batchNormStatistics, instanceNormStatistics } from "./moments.ts";
export { batchNormApply } from "./normalize.ts";
