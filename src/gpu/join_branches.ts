/**
 * Operations of branches that do not depend on each other, such as the steps of several networks, in one order.
 *
 * Branches that record the same operations on memory of their own become one: their tensors are parts of
 * one tensor each, and a dispatch of all branches is one dispatch, whose last axis of the grid runs through
 * the branches. So several small networks fill a GPU that one of them would not, and wait no longer for each
 * other than one network for itself: implementations separate dispatches by barriers, also those of branches
 * that share nothing. What cannot be one stays a dispatch each, interleaved: an operand that is longer than a
 * binding, or is not in equal parts of one buffer. A kernel needs no change (`wgsl/branch_parts.ts`).
 */
import { BRANCHES, BRANCHES_BINDING, elementBytes } from "./wgsl/branch_parts.ts";
import type { Device } from "./device.ts";
import { type Kernel, specialiseKernel } from "./kernel.ts";
import {
  extent,
  type Operand,
  type PlannedTensor,
  type PlannedTexture,
  type Storage,
} from "./operand.ts";
import { type Bound, type DispatchOperation, findAliased, type Operation } from "./operations.ts";
import { PART_ALIGNMENT, partStep } from "./parts.ts";
import { fixedUniforms } from "./uniforms.ts";

/** What one branch recorded. */
export interface Branch {
  operations: readonly Operation[];
  /** The tensors that it planned. */
  tensors: readonly PlannedTensor[];
}

/** @param plan plans a tensor */
export function joinBranches(
  device: Device,
  branches: readonly Branch[],
  plan: (label: string, bytes: number, storage: Storage) => PlannedTensor,
): Operation[] {
  const recorded = areAlike(branches)
    ? inParts(device, branches, plan)
    : branches.map(({ operations }) => operations);
  const longest = Math.max(0, ...recorded.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => {
    const operations = recorded.flatMap((branch) => branch[i] ?? []);
    return join(device, operations) ?? operations;
  }).flat();
}

function areAlike([first, ...others]: readonly Branch[]): boolean {
  return others.every(({ operations, tensors }) =>
    operations.length === first.operations.length &&
    tensors.length === first.tensors.length &&
    tensors.every(({ bytes, storage }, i) =>
      bytes === first.tensors[i].bytes && storage === first.tensors[i].storage
    )
  );
}

/** The branches' operations on parts of tensors that they share. */
function inParts(
  device: Device,
  branches: readonly Branch[],
  plan: (label: string, bytes: number, storage: Storage) => PlannedTensor,
): (readonly Operation[])[] {
  const places = new Map<unknown, { of: PlannedTensor; offset: number }>();
  branches[0]?.tensors.forEach(({ label, bytes, storage }, i) => {
    const step = partStep(device, bytes, branches.length, storage);
    if (step === undefined) return;
    const of = plan(label, step * branches.length, storage);
    branches.forEach(({ tensors }, branch) =>
      places.set(tensors[i], { of, offset: branch * step })
    );
  });
  if (places.size === 0) return branches.map(({ operations }) => operations);
  const moved = <T extends Operand | PlannedTexture>(operand: T): T | Operand => {
    if (operand.kind === "texture") return operand;
    const { of, offset, bytes } = extent(operand);
    const place = places.get(of);
    if (!place) return operand;
    return { kind: "slice", of: place.of, offset: place.offset + offset, bytes };
  };
  return branches.map(({ operations }) =>
    operations.map((operation): Operation => {
      if (operation.kind === "clear") return { ...operation, to: moved(operation.to) };
      if (operation.kind === "upload") return { ...operation, from: moved(operation.from) };
      if (operation.kind === "copy") {
        return { ...operation, from: moved(operation.from), to: moved(operation.to) };
      }
      const bindings = operation.bindings.map((one) => ({ ...one, bound: moved(one.bound) }));
      return { ...operation, bindings };
    })
  );
}

/** One dispatch in place of one a branch, where that is possible. */
function join(device: Device, operations: readonly Operation[]): DispatchOperation | undefined {
  const dispatches = operations.filter((operation) => operation.kind === "dispatch");
  const count = operations.length;
  if (count < 2 || dispatches.length < count) return undefined;
  const [first, ...others] = dispatches;
  const isSame = (other: DispatchOperation) =>
    other.entry === first.entry && other.code === first.code &&
    other.workgroups.every((groups, axis) => groups === first.workgroups[axis]);
  const [across, down, depth] = first.workgroups;
  const { maxComputeWorkgroupsPerDimension, maxStorageBuffersPerShaderStage } = device.limits;
  if (!others.every(isSame) || depth * count > maxComputeWorkgroupsPerDimension) return undefined;

  const { kernel, constants, halves } = first.source;
  const joined = first.bindings.flatMap((_, i) => {
    const bindings = dispatches.map((dispatch) => dispatch.bindings[i]);
    return joinOperands(kernel, bindings, device.limits.maxStorageBufferBindingSize) ?? [];
  });
  if (joined.length < first.bindings.length || findAliased(joined)) return undefined;
  const parts = joined.filter(({ part }) => part !== undefined)
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const names = parts.map(({ name }) => name);
  const { entry } = first;
  const { code, declarations } = specialiseKernel(kernel, entry, constants, {
    halves,
    parts: names,
  });
  const used = declarations.entries.get(entry)!;
  const storage = declarations.bindings.filter(({ name, access }) =>
    used.has(name) && access !== "uniform"
  );
  if (storage.length > maxStorageBuffersPerShaderStage) return undefined;
  const words = parts.flatMap(({ part }) => [part!.step, part!.length]);
  const uniforms = fixedUniforms(device, BRANCHES, Int32Array.of(depth, ...words));
  const branches = { name: BRANCHES, binding: BRANCHES_BINDING, bound: uniforms, writes: false };
  const bindings = [...joined, branches];
  return { ...first, code, bindings, workgroups: [across, down, depth * count] };
}

/** The operand of all branches at a binding, and where in it each has its part, unless it is shared. */
interface Joined extends Bound {
  /** Elements from one part to the next, and of one. */
  part?: { step: number; length: number };
}

/** Undefined where the operands are not in equal parts of one buffer, or are written and shared. */
function joinOperands(
  kernel: Kernel,
  bindings: readonly Bound[],
  limit: number,
): Joined | undefined {
  const [binding] = bindings;
  const operands = bindings.flatMap(({ bound }) => bound.kind === "texture" ? [] : extent(bound));
  if (operands.length < bindings.length) return undefined;
  const [first, second] = operands;
  const { of, offset, bytes } = first;
  const step = second.offset - offset;
  const isRegular = operands.every((operand, branch) =>
    operand.of === of && operand.bytes === bytes && operand.offset === offset + branch * step
  );
  if (!isRegular) return undefined;
  if (step === 0) return binding.writes ? undefined : binding;
  const element = elementBytes(kernel.name, kernel.module, binding.name);
  const declared = kernel.declarations.bindings.find(({ name }) => name === binding.name)!;
  // A part of uniforms is one element, whatever it holds.
  const last = declared.access === "uniform" ? step : bytes;
  const all = step * (operands.length - 1) + last;
  if (step < bytes || step % PART_ALIGNMENT !== 0 || step % element !== 0 || all > limit) {
    return undefined;
  }
  const part = { step: step / element, length: Math.floor(bytes / element) };
  return { ...binding, bound: { kind: "slice", of, offset, bytes: all }, part };
}
