/** Import and export of weights under PyTorch's names, with a diff of what does not match. */
import { DataError } from "../errors.ts";
import { type Tensor, toFloat32 } from "../formats/tensor.ts";
import type { Network } from "./network.ts";
import type { FlatLayout } from "./parameters.ts";

/** Tensors by name, as a weights file holds them. */
export type StateDict = ReadonlyMap<string, Tensor>;

/** A tensor of {@link exportState}. */
type ExportedTensor =
  | { dtype: "float32"; shape: readonly number[]; data: Float32Array<ArrayBuffer> }
  | { dtype: "int64"; shape: readonly number[]; data: BigInt64Array<ArrayBuffer> };

/** Differences between a state dict and the tensors of a network. */
interface StateDiff {
  /** Tensors of the network that the state dict lacks. */
  missing: string[];
  /** Tensors of the state dict that the network lacks. */
  unexpected: string[];
  misshaped: { name: string; expected: readonly number[]; found: readonly number[] }[];
}

/** Suffix of the count of batches that PyTorch's batch normalisation holds. */
const COUNTER = ".num_batches_tracked";

/** Name of a running variance, alone or with its module. */
const VARIANCE = /(^|\.)running_var$/;

/** A network's flat buffers on the host, in the order of its layouts. */
export interface NetworkState {
  parameters: Float32Array<ArrayBuffer>;
  statistics: Float32Array<ArrayBuffer>;
  /** `num_batches_tracked` of each batch normalisation, by its name. */
  batches: Map<string, number>;
}

/** Creates initial weights: a function of the seed. */
export function createInitialState(network: Network, seed: number): NetworkState {
  return { ...createBlankState(network), parameters: network.createInitialParameters(seed) };
}

/** Parameters of zero, and the statistics of a network that has seen no batch. */
export function createBlankState(network: Network): NetworkState {
  return {
    parameters: new Float32Array(network.parameters.length),
    statistics: network.createInitialStatistics(),
    batches: new Map(network.batchNorms.map((name) => [name, 0])),
  };
}

/** Compares names and shapes. Counts of batches may be missing: PyTorch has them since 0.4.1. */
export function diffState(network: Network, state: StateDict): StateDiff {
  const diff: StateDiff = { missing: [], unexpected: [], misshaped: [] };
  const known = new Set(network.batchNorms.map((name) => name + COUNTER));
  for (const { name, shape } of [...network.parameters.tensors, ...network.statistics.tensors]) {
    known.add(name);
    const found = state.get(name);
    if (!found) diff.missing.push(name);
    else if (found.shape.join() !== shape.join()) {
      diff.misshaped.push({ name, expected: shape, found: found.shape });
    }
  }
  for (const name of state.keys()) if (!known.has(name)) diff.unexpected.push(name);
  return diff;
}

/** Returns the state under Gyrus's names when it is under ClinicaDL's, else itself. */
export function translateClinicadlNames(network: Network, state: StateDict): StateDict {
  if (network.exportNames.size === 0) return state;
  const fromClinicadl = new Map<string, string>();
  const names = [
    ...network.parameters.tensors.map((tensor) => tensor.name),
    ...network.statistics.tensors.map((tensor) => tensor.name),
    ...network.batchNorms.map((name) => name + COUNTER),
  ];
  for (const name of names) fromClinicadl.set(network.exportName(name), name);
  const matching = [...state.keys()].filter((name) => fromClinicadl.has(name)).length;
  const direct = names.filter((name) => state.has(name)).length;
  if (matching <= direct) return state;
  return new Map([...state].map(([name, tensor]) => [fromClinicadl.get(name) ?? name, tensor]));
}

/**
 * Creates a network's state from a state dict, under Gyrus's names or ClinicaDL's.
 *
 * @param subject file that errors name
 * @param partial gives missing and mis-shaped tensors the initial values of its seed
 * @throws {DataError} without `partial`, listing what is missing, unexpected or mis-shaped
 * @throws {DataError} as {@link checkWeights}, of the tensors that are used
 */
export function importState(
  network: Network,
  source: StateDict,
  subject: string,
  partial?: { seed: number },
): NetworkState {
  const state = translateClinicadlNames(network, source);
  const diff = diffState(network, state);
  if (!partial && diff.missing.length + diff.unexpected.length + diff.misshaped.length > 0) {
    throw new DataError(subject, describeDiff(network, diff));
  }
  const result = createBlankState(network);
  const unusable = new Set([...diff.missing, ...diff.misshaped.map(({ name }) => name)]);
  const copy = (layout: FlatLayout, into: Float32Array) => {
    for (const tensor of layout.tensors) {
      const { name, offset } = tensor;
      if (!unusable.has(name)) into.set(readFloats(state.get(name)!, name, subject), offset);
      else if (partial) layout.initialise(tensor, into, partial.seed);
    }
  };
  copy(network.parameters, result.parameters);
  copy(network.statistics, result.statistics);
  for (const name of network.batchNorms) {
    const found = state.get(name + COUNTER);
    if (!found) continue;
    // Weights that were converted as one are floats, the count among them.
    const count = isFloat(found) ? readFloats(found, name + COUNTER, subject) : found.data;
    result.batches.set(name, Math.round(Number(count[0])));
  }
  return result;
}

function describeDiff(network: Network, diff: StateDiff): string {
  const list = (names: readonly string[]) =>
    names.length > 5
      ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`
      : names.join(", ");
  const parts = [
    diff.missing.length > 0 && `missing: ${list(diff.missing)}`,
    diff.unexpected.length > 0 && `unexpected: ${list(diff.unexpected)}`,
    diff.misshaped.length > 0 && `of another shape: ${
      list(
        diff.misshaped.map(({ name, expected, found }) =>
          `${name} is [${found.join(", ")}], not [${expected.join(", ")}]`
        ),
      )
    }`,
  ].filter((part) => part !== false);
  return `the weights don't fit ${network.architecture} (${parts.join("; ")})`;
}

/**
 * Checks weights that come from outside, before anything is computed with them.
 *
 * @throws {DataError} naming the first element that is NaN or infinite as float32, or a negative
 *   running variance
 */
export function checkWeights(state: StateDict, subject: string): void {
  for (const [name, tensor] of state) {
    if (isFloat(tensor)) readFloats(tensor, name, subject);
  }
}

function isFloat({ dtype }: Tensor): boolean {
  return /^b?float(16|32|64)$/.test(dtype);
}

/** @throws {DataError} for a dtype that is no float, and as {@link checkWeights} */
function readFloats(tensor: Tensor, name: string, subject: string): Float32Array {
  if (!isFloat(tensor)) {
    throw new DataError(subject, `${name} has dtype ${tensor.dtype}; convert it to float32`);
  }
  const values = toFloat32(tensor);
  const least = VARIANCE.test(name) ? 0 : -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]) && values[i] >= least) continue;
    const given = tensor.dtype === "float64" ? Number(tensor.data[i]) : values[i];
    const problem = Number.isNaN(given)
      ? "is NaN"
      : Number.isFinite(values[i])
      ? `is ${given}, and a variance can't be negative`
      : Number.isFinite(given)
      ? `is ${given}, which is infinite as float32`
      : "is infinite";
    throw new DataError(
      subject,
      `${name}${positionOf(i, tensor.shape)} ${problem}; use weights from before training diverged`,
    );
  }
  return values;
}

/** The index along each axis of a row-major element, such as `[1, 0]`. */
function positionOf(index: number, shape: readonly number[]): string {
  const position: number[] = [];
  for (const size of shape.toReversed()) {
    position.unshift(index % size);
    index = Math.floor(index / size);
  }
  return position.length > 0 ? `[${position.join(", ")}]` : "";
}

/** Views weights and statistics in PyTorch's order: each module's parameters, then its buffers. */
export function exportState(
  network: Network,
  state: NetworkState,
  naming: "torchvision" | "clinicadl" = "torchvision",
): Map<string, ExportedTensor> {
  const result = new Map<string, ExportedTensor>();
  const rename = (name: string) => naming === "clinicadl" ? network.exportName(name) : name;
  const put = (layout: FlatLayout, values: Float32Array, name: string) => {
    const { shape, offset, count } = layout.get(name);
    const data = (values as Float32Array<ArrayBuffer>).subarray(offset, offset + count);
    result.set(rename(name), { dtype: "float32", shape, data });
  };
  const batchNorms = new Set(network.batchNorms);
  for (const { name } of network.parameters.tensors) {
    put(network.parameters, state.parameters, name);
    const module = name.replace(/\.bias$/, "");
    if (module === name || !batchNorms.has(module)) continue;
    put(network.statistics, state.statistics, `${module}.running_mean`);
    put(network.statistics, state.statistics, `${module}.running_var`);
    const data = BigInt64Array.of(BigInt(state.batches.get(module) ?? 0));
    result.set(rename(module + COUNTER), { dtype: "int64", shape: [], data });
  }
  return result;
}
