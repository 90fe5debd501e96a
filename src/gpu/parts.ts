/**
 * Memory of branches that run side by side: equal parts of one buffer, so that one dispatch reaches those of
 * all branches (`join_branches.ts`).
 */
import type { BufferRange, Device } from "./device.ts";
import type { Storage } from "./operand.ts";
import { readsTexels } from "./texels.ts";

/** Parts start at multiples of it, as every binding may. */
export const PART_ALIGNMENT = 256;

/**
 * Bytes from one part to the next where `count` parts of `bytes` are one buffer. Undefined where they are
 * not: of software adapters, which copy whole buffers into textures, and of more than a binding.
 */
export function partStep(
  device: Device,
  bytes: number,
  count: number,
  storage: Storage = "f32",
): number | undefined {
  const alignment = PART_ALIGNMENT * (storage === "f16" ? 2 : 1);
  const step = Math.ceil(bytes / alignment) * alignment;
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const most = Math.min(maxBufferSize, maxStorageBufferBindingSize);
  return count > 1 && !readsTexels(device) && step * count <= most ? step : undefined;
}

/**
 * Allocates a buffer for each branch, zeroed or with its content: parts of one where all are of one size.
 *
 * @throws {DeviceError} beyond a limit of the device, or out of memory
 */
export function openParts(
  device: Device,
  label: string,
  contents: readonly (number | ArrayBufferView<ArrayBuffer>)[],
  usage: number = GPUBufferUsage.STORAGE,
): BufferRange[] {
  const sizes = contents.map((content) =>
    typeof content === "number" ? content : content.byteLength
  );
  const bytes = Math.max(16, Math.ceil(sizes[0] / 4) * 4);
  const step = sizes.every((size) => size === sizes[0])
    ? partStep(device, bytes, contents.length)
    : undefined;
  if (step === undefined) return contents.map((content) => device.buffer(label, content, usage));
  const of = device.buffer(label, step * contents.length, usage | GPUBufferUsage.STORAGE);
  return contents.map((content, branch) => {
    const part: BufferRange = { kind: "slice", of, offset: branch * step, bytes };
    if (typeof content !== "number") device.write(part, content);
    return part;
  });
}
