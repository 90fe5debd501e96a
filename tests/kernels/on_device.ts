/** Runs recorded kernels on plain arrays, twice, and demands the same bits. */
import { assert, assertEquals } from "@std/assert";
import { type Device, type DeviceBuffer, openDevice } from "../../src/gpu/device.ts";
import { ProgramBuilder } from "../../src/gpu/program.ts";
import { asClass } from "../gpu/adapters.ts";

/** Deterministic numbers in (-1, 1) of no pattern. */
export function numbers(count: number, seed = 1): Float32Array<ArrayBuffer> {
  let state = seed * 2654435761 >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export class Bench {
  constructor(readonly device: Device) {}

  buffer(content: number | ArrayBufferView<ArrayBuffer>): DeviceBuffer {
    return this.device.buffer("test", content);
  }

  uniform(words: ArrayBufferView<ArrayBuffer>): DeviceBuffer {
    return this.device.buffer("test uniform", words, GPUBufferUsage.UNIFORM);
  }

  /** Runs what `record` records and returns the buffers it names, as float32. */
  async run(
    record: (program: ProgramBuilder) => DeviceBuffer[],
    { inPlace = false } = {},
  ): Promise<Float32Array[]> {
    const builder = new ProgramBuilder(this.device, "test");
    const outputs = record(builder);
    const program = await builder.build();
    const results: Float32Array[][] = [];
    for (let round = 0; round < (inPlace ? 1 : 2); round++) {
      program.run();
      results.push(await Promise.all(outputs.map((buffer) => this.device.readFloats(buffer))));
    }
    if (!inPlace) {
      const bits = (arrays: Float32Array[]) => arrays.map((a) => new Uint32Array(a.buffer));
      assertEquals(bits(results[1]), bits(results[0]), "two runs differ");
    }
    return results[0];
  }
}

/**
 * Does `work` by the kernels of software adapters, which read texels, and by those of GPUs: integrated ones
 * differ from discrete ones in convolutions alone, whose tests have tables of their own.
 */
export async function onDevice(work: (bench: Bench) => Promise<void>): Promise<void> {
  const device = await openDevice();
  try {
    for (const adapterClass of ["software", "discrete"] as const) {
      await work(new Bench(asClass(device, adapterClass)));
    }
  } finally {
    device.destroy();
  }
}

/** Largest difference, relative to the largest expected value. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "result",
): void {
  let scale = 0;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]));
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / (scale || 1);
    assert(error <= tolerance, `${what}[${i}] is ${actual[i]}, not ${expected[i]} (${error})`);
  }
}
