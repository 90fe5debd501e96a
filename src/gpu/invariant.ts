/**
 * What a program computes from constants alone, such as the transformed weights of a network that is
 * applied: its operations run once, and what the others read of their results is kept between runs.
 */
import type { DeviceBuffer } from "./device.ts";
import { extent, type Operand, type PlannedTensor, type PlannedTexture } from "./operand.ts";
import type { Operation } from "./operations.ts";
import { isFixed } from "./uniforms.ts";

/** Most bytes of results that a program computes beforehand; further operations run every time. */
const MOST_BYTES = 512 * 2 ** 20;

type Resource = PlannedTensor | PlannedTexture;

/**
 * @returns how many of `ordered`, the first ones, run once; each part is in the order of recording
 * @throws {TypeError} when an operation writes a constant
 */
export function divideOperations(
  operations: readonly Operation[],
  constants: ReadonlySet<DeviceBuffer>,
): { ordered: Operation[]; once: number } {
  if (constants.size === 0) return { ordered: [...operations], once: 0 };
  const writers = countWriters(operations);
  const made = new Set<Resource>();
  const isConstant = (resource: Resource | DeviceBuffer) =>
    resource.kind === "buffer" ? constants.has(resource) || isFixed(resource) : made.has(resource);
  const once: Operation[] = [], always: Operation[] = [];
  let bytes = 0;
  for (const operation of operations) {
    const { reads, writes } = accesses(operation);
    const results: Resource[] = [];
    for (const target of writes) {
      if (target.kind !== "buffer") results.push(target);
      else if (constants.has(target)) {
        throw new TypeError(`${operation.label} writes ${target.label}, which is a constant`);
      }
    }
    const size = results.reduce((sum, result) => sum + bytesOf(result), 0);
    const invariant = operation.kind !== "clear" && results.length === writes.length &&
      reads.every(isConstant) && results.every((result) => writers.get(result) === 1) &&
      bytes + size <= MOST_BYTES;
    (invariant ? once : always).push(operation);
    if (!invariant) continue;
    bytes += size;
    for (const result of results) made.add(result);
  }
  return { ordered: [...once, ...always], once: once.length };
}

function countWriters(operations: readonly Operation[]): Map<Resource, number> {
  const writers = new Map<Resource, number>();
  for (const { writes } of operations.map(accesses)) {
    for (const resource of writes) {
      if (resource.kind !== "buffer") writers.set(resource, (writers.get(resource) ?? 0) + 1);
    }
  }
  return writers;
}

/** What an operation reads and writes; a dispatch may read what it writes, if something else wrote it. */
function accesses(operation: Operation) {
  if (operation.kind === "dispatch") {
    const of = (writes: boolean) =>
      operation.bindings.filter((binding) => binding.writes === writes)
        .map(({ bound }) => targetOf(bound));
    return { reads: of(false), writes: of(true) };
  }
  return {
    reads: operation.kind === "clear" ? [] : [targetOf(operation.from)],
    writes: [targetOf(operation.to)],
  };
}

function targetOf(bound: Operand | PlannedTexture): Resource | DeviceBuffer {
  return bound.kind === "texture" ? bound : extent(bound).of;
}

function bytesOf(resource: Resource): number {
  return resource.kind === "texture" ? resource.width * resource.height * 16 : resource.bytes;
}
