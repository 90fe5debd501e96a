/** Weights as ClinicaDL stores them: `{model, epoch, name}` under its parameter names. */
import type { Tensor } from "../formats/tensor.ts";
import { readTorch, stateDict, writeTorchParts } from "../formats/torch_checkpoint.ts";
import { fromClinicadlNames, toClinicadlNames } from "./parameter_names.ts";
import { withClinicadlHead } from "./resnet_head.ts";

export interface Weights {
  parameters: ReadonlyMap<string, Tensor>;
  /** From 0. */
  epoch: number;
}

/** The bytes of `model.pth.tar`, in pieces. */
export function weightsParts(
  { parameters, epoch }: Weights,
  architecture: string,
): Uint8Array<ArrayBuffer>[] {
  const named = architecture !== "resnet18"
    ? toClinicadlNames(architecture, parameters)
    : isOfVolumes(parameters)
    ? parameters
    : toClinicadlNames(architecture, withClinicadlHead(parameters));
  return writeTorchParts({ model: withBatchCounts(named), epoch, name: architecture });
}

/** ClinicaDL has no ResNet-18 of volumes, which retains its names and its head. */
function isOfVolumes(parameters: ReadonlyMap<string, Tensor>): boolean {
  return parameters.get("conv1.weight")?.shape.length === 5;
}

/** @throws {DataError} when the file is no checkpoint */
export function readWeights(
  bytes: Uint8Array<ArrayBuffer>,
  architecture: string,
  subject: string,
): Weights {
  const value = readTorch(bytes, subject);
  const epoch = value instanceof Map ? value.get("epoch") : undefined;
  return {
    parameters: fromClinicadlNames(architecture, stateDict(value, subject)),
    epoch: typeof epoch === "number" ? epoch : 0,
  };
}

/** PyTorch's batch normalisation will not load without a count of batches, which only it needs. */
function withBatchCounts(parameters: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const complete = new Map<string, Tensor>();
  for (const [name, tensor] of parameters) {
    complete.set(name, tensor);
    const count = name.replace(/running_var$/, "num_batches_tracked");
    if (count === name || parameters.has(count)) continue;
    complete.set(count, { dtype: "int64", shape: [], data: new BigInt64Array(1) });
  }
  return complete;
}
