/** A built program: what runs, once a step. */
import type { Device } from "./device.ts";
import { encodeAlone, type Encoded, encodeDispatch, encodeTransfer } from "./encode.ts";
import { Timestamps } from "./timestamps.ts";

/** Time of one operation of a profiled run. */
export interface Timing {
  label: string;
  kernel: string;
  milliseconds: number;
}

/** A built program. Its memory belongs to the arena that it was built in. */
export class Program {
  readonly #operations: readonly Encoded[];
  /** What depends on more than constants. */
  readonly #repeated: readonly Encoded[];

  /** @param once how many operations, the first ones, depend on constants alone */
  constructor(
    readonly device: Device,
    readonly label: string,
    operations: readonly Encoded[],
    once: number,
  ) {
    this.#operations = operations;
    this.#repeated = operations.slice(once);
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
    this.#submit(this.#operations);
  }

  /**
   * Likewise, with what the last `run` computed from constants. Since then the constants must not have
   * changed, and no other program of the arena may have run.
   *
   * @throws {DeviceError} a failure since the last check
   */
  runAgain(): void {
    this.#submit(this.#repeated);
  }

  #submit(operations: readonly Encoded[]): void {
    this.device.check();
    const encoder = this.device.gpu.createCommandEncoder({ label: this.label });
    encodeAll(encoder, operations);
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /**
   * Seconds from the beginning of the first dispatch to the end of the last one of `runs` runs, by
   * the device's own clock. They are one submission, so that the device does not wait for the host.
   *
   * @throws {DeviceError} when the adapter lacks timestamps, or the device failed
   */
  async time(runs: number): Promise<number> {
    this.device.check();
    const timestamps = new Timestamps(this.device, 1);
    const encoder = this.device.gpu.createCommandEncoder({ label: `${this.label} timed` });
    const last = this.#passes - 1;
    for (let run = 0; run < runs; run++) {
      encodeAll(encoder, this.#operations, (pass) => {
        const [begins, ends] = [run === 0 && pass === 0, run === runs - 1 && pass === last];
        return begins || ends ? timestamps.writes(0, { begins, ends }) : undefined;
      });
    }
    timestamps.resolve(encoder);
    this.device.gpu.queue.submit([encoder.finish()]);
    return (await timestamps.read())[0];
  }

  /**
   * Runs once and times every dispatch, by timestamps of the device.
   *
   * @param processorSeconds of this process so far. Given, each operation is submitted and waited for
   * alone, and timed by it: software adapters write their timestamps late. Copies and clears are listed
   * too, with their kind as the kernel.
   * @throws {DeviceError} when the adapter lacks timestamps, or the device failed
   */
  async profile(processorSeconds?: () => number): Promise<Timing[]> {
    const dispatches = this.#operations.filter((operation) => operation.kind === "dispatch");
    const timed = processorSeconds ? this.#operations : dispatches;
    const seconds = processorSeconds
      ? await this.#timeAlone(processorSeconds)
      : await this.#timeTogether(dispatches.length);
    return timed.map((operation, i) => ({
      label: operation.label,
      kernel: operation.kind === "dispatch" ? operation.kernel : operation.kind,
      milliseconds: seconds[i] * 1e3,
    }));
  }

  /** Seconds of each operation. */
  async #timeAlone(processorSeconds: () => number): Promise<number[]> {
    const { queue } = this.device.gpu;
    const seconds: number[] = [];
    for (const operation of this.#operations) {
      const encoder = this.device.gpu.createCommandEncoder({ label: operation.label });
      encodeAlone(encoder, operation);
      await queue.onSubmittedWorkDone();
      const began = processorSeconds();
      queue.submit([encoder.finish()]);
      await queue.onSubmittedWorkDone();
      seconds.push(processorSeconds() - began);
    }
    this.device.check();
    return seconds;
  }

  /** Seconds of each dispatch. */
  async #timeTogether(dispatches: number): Promise<number[]> {
    const timestamps = new Timestamps(this.device, dispatches);
    const encoder = this.device.gpu.createCommandEncoder({ label: `${this.label} profiled` });
    let index = 0;
    for (const operation of this.#operations) {
      encodeAlone(
        encoder,
        operation,
        operation.kind === "dispatch" ? timestamps.writes(index++) : undefined,
      );
    }
    timestamps.resolve(encoder);
    this.device.gpu.queue.submit([encoder.finish()]);
    return await timestamps.read();
  }

  /** Passes of one run: transfers separate them. */
  get #passes(): number {
    return this.#operations.filter(({ kind }, i) =>
      kind === "dispatch" && this.#operations[i - 1]?.kind !== "dispatch"
    ).length;
  }
}

/** @param writes of a pass by its number in the run */
function encodeAll(
  encoder: GPUCommandEncoder,
  operations: readonly Encoded[],
  writes?: (pass: number) => GPUComputePassTimestampWrites | undefined,
): void {
  let pass: GPUComputePassEncoder | undefined;
  let passes = 0;
  for (const operation of operations) {
    if (operation.kind === "dispatch") {
      pass ??= encoder.beginComputePass({ timestampWrites: writes?.(passes++) });
      encodeDispatch(pass, operation);
    } else {
      pass?.end();
      pass = undefined;
      encodeTransfer(encoder, operation);
    }
  }
  pass?.end();
}
