/** Weights by PyTorch's names, in and out, with a diff of what does not fit. */
import { DataError } from "../errors.ts";
import type { Network } from "./network.ts";
import type { FlatLayout } from "./parameters.ts";

/** A tensor as `src/formats` reads and writes it. */
export interface StateTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

export type StateDict = ReadonlyMap<string, StateTensor>;

export type ExportedTensor =
  | { dtype: "float32"; shape: readonly number[]; data: Float32Array<ArrayBuffer> }
  | { dtype: "int64"; shape: readonly number[]; data: BigInt64Array<ArrayBuffer> };

/** What a state dict and a network don't agree on. */
export interface StateDiff {
  missing: string[];
  unexpected: string[];
  misshaped: { name: string; expected: readonly number[]; found: readonly number[] }[];
}

const counter = ".num_batches_tracked";

/** Host copies of a network's flat buffers. */
export interface NetworkState {
  parameters: Float32Array<ArrayBuffer>;
  statistics: Float32Array<ArrayBuffer>;
  /** `num_batches_tracked` of each normalisation. */
  batches: Map<string, number>;
}

/** Initial weights: a function of the seed. */
export function initialState(network: Network, seed: number): NetworkState {
  return { ...blankState(network), parameters: network.initialParameters(seed) };
}

/** Parameters of zero; the statistics of a network that has seen nothing. */
function blankState(network: Network): NetworkState {
  return {
    parameters: new Float32Array(network.parameters.length),
    statistics: network.initialStatistics(),
    batches: new Map(network.normalisations.map((name) => [name, 0])),
  };
}

/** Compares names and shapes. A missing counter of batches is fine: checkpoints before 0.4.1. */
export function diffState(network: Network, state: StateDict): StateDiff {
  const diff: StateDiff = { missing: [], unexpected: [], misshaped: [] };
  const known = new Set(network.normalisations.map((name) => name + counter));
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

/** The state under our names when it is given under ClinicaDL's, else itself. */
export function withOurNames(network: Network, state: StateDict): StateDict {
  if (network.exportNames.size === 0) return state;
  const theirs = new Map<string, string>();
  const names = [
    ...network.parameters.tensors.map((tensor) => tensor.name),
    ...network.statistics.tensors.map((tensor) => tensor.name),
    ...network.normalisations.map((name) => name + counter),
  ];
  for (const name of names) theirs.set(network.exportName(name), name);
  const matching = [...state.keys()].filter((name) => theirs.has(name)).length;
  const direct = names.filter((name) => state.has(name)).length;
  if (matching <= direct) return state;
  return new Map([...state].map(([name, tensor]) => [theirs.get(name) ?? name, tensor]));
}

/**
 * Takes weights from a state dict, under our names or ClinicaDL's.
 *
 * @param subject file that errors name
 * @param partial what is missing or mis-shaped begins as it does with the seed
 * @throws {DataError} listing what is missing, unexpected or mis-shaped
 */
export function importState(
  network: Network,
  given: StateDict,
  subject: string,
  partial?: { seed: number },
): NetworkState {
  const state = withOurNames(network, given);
  const diff = diffState(network, state);
  if (!partial && diff.missing.length + diff.unexpected.length + diff.misshaped.length > 0) {
    throw new DataError(subject, describeDiff(network, diff));
  }
  const result = blankState(network);
  const unfit = new Set([...diff.missing, ...diff.misshaped.map(({ name }) => name)]);
  const copy = (layout: FlatLayout, into: Float32Array) => {
    for (const tensor of layout.tensors) {
      const { name, offset } = tensor;
      if (!unfit.has(name)) into.set(floats(state.get(name)!, name, subject), offset);
      else if (partial) layout.initialise(tensor, into, partial.seed);
    }
  };
  copy(network.parameters, result.parameters);
  copy(network.statistics, result.statistics);
  for (const name of network.normalisations) {
    const found = state.get(name + counter);
    if (found) result.batches.set(name, Number(found.data[0]));
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

function floats(tensor: StateTensor, name: string, subject: string): ArrayLike<number> {
  if (/^float(16|32|64)$/.test(tensor.dtype)) return tensor.data as ArrayLike<number>;
  throw new DataError(subject, `${name} has dtype ${tensor.dtype}; convert it to float32`);
}

/** Views of weights and statistics in PyTorch's order: each module's parameters, then its buffers. */
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
  const normalisations = new Set(network.normalisations);
  for (const { name } of network.parameters.tensors) {
    put(network.parameters, state.parameters, name);
    const module = name.replace(/\.bias$/, "");
    if (module === name || !normalisations.has(module)) continue;
    put(network.statistics, state.statistics, `${module}.running_mean`);
    put(network.statistics, state.statistics, `${module}.running_var`);
    const data = BigInt64Array.of(BigInt(state.batches.get(module) ?? 0));
    result.set(rename(module + counter), { dtype: "int64", shape: [], data });
  }
  return result;
}
