/** A built program: what runs, once a step. */
import { DeviceError } from "../errors.ts";
import type { Device } from "./device.ts";

/** Time of one operation of a profiled run. */
export interface Timing {
  label: string;
  kernel: string;
  milliseconds: number;
}

/** One operation with its GPU objects. */
export type Encoded =
  | {
    kind: "dispatch";
    label: string;
    kernel: string;
    pipeline: GPUComputePipeline;
    group: GPUBindGroup;
    workgroups: [number, number, number];
  }
  | { kind: "clear"; label: string; to: GPUBufferBinding }
  | { kind: "copy"; label: string; from: GPUBufferBinding; to: GPUBufferBinding }
  | {
    kind: "upload";
    label: string;
    from: GPUBufferBinding;
    texture: GPUTexture;
    /** Row of the texture at which the texels begin. */
    firstRow: number;
  };

/** A built program. Its memory belongs to the arena that it was built in. */
export class Program {
  readonly #operations: readonly Encoded[];

  constructor(readonly device: Device, readonly label: string, operations: readonly Encoded[]) {
    this.#operations = operations;
  }

  /** Number of dispatches, copies and clears of one run. */
  get length(): number {
    return this.#operations.length;
  }

  /**
   * Encodes and submits one run without waiting; see `Pacer` for bounding the queue.
   *
   * @throws {DeviceError} a failure since the last check
   */
  run(): void {
    this.device.check();
    const encoder = this.device.gpu.createCommandEncoder({ label: this.label });
    let pass: GPUComputePassEncoder | undefined;
    for (const operation of this.#operations) {
      if (operation.kind === "dispatch") {
        pass ??= encoder.beginComputePass();
        pass.setPipeline(operation.pipeline);
        pass.setBindGroup(0, operation.group);
        pass.dispatchWorkgroups(...operation.workgroups);
      } else {
        pass?.end();
        pass = undefined;
        encodeTransfer(encoder, operation);
      }
    }
    pass?.end();
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /**
   * Runs once with a timestamp around every dispatch.
   *
   * @throws {DeviceError} when the adapter lacks timestamps
   */
  async profile(): Promise<Timing[]> {
    const { gpu } = this.device;
    if (!gpu.features.has("timestamp-query")) {
      throw new DeviceError("This adapter measures no times (no timestamp-query)");
    }
    const dispatches = this.#operations.filter((o) => o.kind === "dispatch").length;
    const perSet = 2048;
    const sets = Array.from(
      { length: Math.ceil(dispatches / perSet) },
      () => gpu.createQuerySet({ type: "timestamp", count: perSet * 2 }),
    );
    const resolved = this.device.buffer(
      "timestamps",
      sets.length * perSet * 16,
      GPUBufferUsage.QUERY_RESOLVE,
    );
    const encoder = gpu.createCommandEncoder({ label: `${this.label} profiled` });
    let index = 0;
    for (const operation of this.#operations) {
      if (operation.kind !== "dispatch") {
        encodeTransfer(encoder, operation);
        continue;
      }
      const at = (index % perSet) * 2;
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet: sets[Math.floor(index / perSet)],
          beginningOfPassWriteIndex: at,
          endOfPassWriteIndex: at + 1,
        },
      });
      pass.setPipeline(operation.pipeline);
      pass.setBindGroup(0, operation.group);
      pass.dispatchWorkgroups(...operation.workgroups);
      pass.end();
      index++;
    }
    sets.forEach((set, i) => {
      const count = Math.min(perSet, dispatches - i * perSet) * 2;
      encoder.resolveQuerySet(set, 0, count, resolved.gpu, i * perSet * 16);
    });
    gpu.queue.submit([encoder.finish()]);
    const times = new BigUint64Array(await this.device.read(resolved));
    this.device.free(resolved);
    for (const set of sets) set.destroy();
    return this.#operations.filter((o) => o.kind === "dispatch").map((operation, i) => ({
      label: operation.label,
      kernel: operation.kernel,
      milliseconds: Number(times[i * 2 + 1] - times[i * 2]) / 1e6,
    }));
  }
}

function encodeTransfer(
  encoder: GPUCommandEncoder,
  operation: Exclude<Encoded, { kind: "dispatch" }>,
): void {
  const { kind } = operation;
  if (kind === "clear") {
    const { buffer, offset, size } = operation.to;
    encoder.clearBuffer(buffer, offset, size);
  } else if (kind === "copy") {
    const { from, to } = operation;
    const bytes = Math.min(from.size ?? 0, to.size ?? 0);
    encoder.copyBufferToBuffer(from.buffer, from.offset ?? 0, to.buffer, to.offset ?? 0, bytes);
  } else {
    encodeTexels(encoder, operation.from, operation.texture, operation.firstRow);
  }
}

/** Full rows in one copy, then the texels of a last one. */
function encodeTexels(
  encoder: GPUCommandEncoder,
  { buffer, offset = 0, size = 0 }: GPUBufferBinding,
  texture: GPUTexture,
  firstRow: number,
): void {
  const bytesPerRow = texture.width * 16;
  const rows = Math.floor(size / bytesPerRow);
  const rest = (size - rows * bytesPerRow) / 16;
  if (rows > 0) {
    const target = { texture, origin: [0, firstRow] };
    encoder.copyBufferToTexture({ buffer, offset, bytesPerRow }, target, [texture.width, rows]);
  }
  if (rest > 0) {
    const target = { texture, origin: [0, firstRow + rows] };
    encoder.copyBufferToTexture({ buffer, offset: offset + rows * bytesPerRow }, target, [rest, 1]);
  }
}
