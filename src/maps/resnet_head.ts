/** A plain linear head as the two layers that ClinicaDL's ResNet-18 ends in. */
import type { Tensor } from "../formats/tensor.ts";

/** Features between the two layers: ImageNet's classes, whose layer ClinicaDL retains. */
const FEATURES = 1000;

/**
 * Replaces `fc` [outputs, 512] by `fc` [1000, 512], whose first rows it becomes and whose others are
 * zero, and `fc_out` [outputs, 1000], which picks those rows: the same logits to the last bit, since
 * only products with 0 and 1 are added. Parameters that have `fc_out` already are left alone.
 */
export function withClinicadlHead(parameters: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const weight = parameters.get("fc.weight");
  const bias = parameters.get("fc.bias");
  if (weight === undefined || bias === undefined || parameters.has("fc_out.weight")) {
    return new Map(parameters);
  }
  const [outputs, inputs] = weight.shape;
  const selection = new Float32Array(outputs * FEATURES);
  for (let output = 0; output < outputs; output++) selection[output * FEATURES + output] = 1;
  return new Map([
    ...parameters,
    ["fc.weight", padded(weight, [FEATURES, inputs])],
    ["fc.bias", padded(bias, [FEATURES])],
    ["fc_out.weight", { dtype: "float32", shape: [outputs, FEATURES], data: selection }],
    ["fc_out.bias", { dtype: "float32", shape: [outputs], data: new Float32Array(outputs) }],
  ]);
}

/** Zeros behind a tensor's data: rows are added. */
function padded(tensor: Tensor, shape: readonly number[]): Tensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  data.set(tensor.data as Float32Array);
  return { dtype: "float32", shape, data };
}
