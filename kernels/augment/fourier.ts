/** Fourier transforms of items of any size, and spikes in their spectra. */
import type { Device, DeviceBuffer } from "../../src/gpu/device.ts";
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { pixels } from "../tensors.ts";
import source from "./fourier.wgsl" with { type: "text" };
import { extentConstants, itemsBytes, itemsGrid, type ItemsShape } from "./grid.ts";
import { reduceSamples } from "./reduce.ts";

const fourier = defineKernel({
  name: "augment/fourier",
  source,
  constants: [
    "LANES",
    "CHUNK",
    "PIXELS",
    "DEPTH",
    "HEIGHT",
    "WIDTH",
    "EXTENT",
    "STRIDE",
    "RADIX",
    "DONE",
    "REAL",
    "SUMMED",
    "SPIKE",
    "SPIKES",
  ],
  entries: {
    transform: {
      x: "read",
      spectrum_in: "read",
      spectrum_out: "read_write",
      turns: "read",
      least: "read",
    },
    magnitudes: { spectrum_in: "read", y: "read_write", least: "read" },
    strike: {
      spikes: "read",
      largest: "read",
      least: "read",
      sums: "read",
      heights_out: "read_write",
      spectrum_out: "read_write",
    },
    add_waves: { x: "read", spikes: "read", heights_in: "read", y: "read_write" },
  },
});

/** Products of prime factors beyond this become passes of their own. */
const LARGEST_RADIX = 16;

/** Radices of the passes of a transform of length `n`: products of its prime factors. */
export function radicesOf(n: number): number[] {
  const radices: number[] = [];
  let left = n;
  let radix = 1;
  for (let prime = 2; left > 1; prime++) {
    if (prime * prime > left) prime = left;
    while (left % prime === 0) {
      if (radix > 1 && radix * prime > LARGEST_RADIX) {
        radices.push(radix);
        radix = 1;
      }
      radix *= prime;
      left /= prime;
    }
  }
  return radix > 1 ? [...radices, radix] : radices;
}

const tables = new WeakMap<Device, Map<number, DeviceBuffer>>();

/** (cos, -sin) of k / n turns; one table a length, which lives as long as the device. */
function turnsOf(device: Device, n: number): DeviceBuffer {
  const known = tables.get(device) ?? new Map<number, DeviceBuffer>();
  tables.set(device, known);
  let table = known.get(n);
  if (!table) {
    const values = new Float32Array(2 * n);
    for (let k = 0; k < n; k++) {
      values[2 * k] = Math.cos(2 * Math.PI * k / n);
      values[2 * k + 1] = -Math.sin(2 * Math.PI * k / n);
    }
    known.set(n, table = device.buffer(`turns of ${n}`, values));
  }
  return table;
}

/**
 * @param least `[batch]`, the least value of each sample; those without negative values are passed over
 * @returns the transform of x over all axes of each sample, `[batch][pixels]` complex numbers
 */
export function transformFourier(
  program: ProgramBuilder,
  { shape, x, least }: { shape: ItemsShape; x: Operand; least?: Operand },
): Operand {
  const { constants, workgroups } = itemsGrid(program.device, shape);
  const { depth, height, width } = shape;
  const passes = [
    { EXTENT: width, STRIDE: 1 },
    { EXTENT: height, STRIDE: width },
    { EXTENT: depth, STRIDE: height * width },
  ].flatMap(({ EXTENT, STRIDE }) => {
    let done = 1;
    return radicesOf(EXTENT).map((RADIX) => {
      const pass = { EXTENT, STRIDE, RADIX, DONE: done };
      done *= RADIX;
      return pass;
    });
  });
  // An item of one pixel is its own transform, by a pass of radix 1.
  if (passes.length === 0) passes.push({ EXTENT: 1, STRIDE: 1, RADIX: 1, DONE: 1 });
  let spectrum: Operand | undefined;
  for (const pass of passes) {
    const to = program.tensor("spectrum", 2 * itemsBytes(shape));
    program.dispatch(fourier, "transform", {
      constants: {
        ...constants,
        PIXELS: pixels(shape),
        ...pass,
        REAL: spectrum === undefined,
        SUMMED: least !== undefined,
      },
      bindings: {
        ...(least && { least }),
        ...(spectrum ? { spectrum_in: spectrum } : { x }),
        spectrum_out: to,
        turns: turnsOf(program.device, pass.EXTENT),
      },
      workgroups,
      label: "Fourier transform",
    });
    spectrum = to;
  }
  return spectrum!;
}

/** 32-bit words of one spike: frequencies along z, y, x, and its intensity. */
export const spikeWords = 4;

/** @param frequency along z, y, x, from 0 to the extent - 1 */
export function packSpike(
  frequency: readonly number[],
  intensity: number,
  into: Float32Array,
): void {
  new Uint32Array(into.buffer, into.byteOffset, 3).set(frequency);
  into[3] = intensity;
}

/**
 * y = x with spikes in its spectrum, one after another, each as high as its intensity times the
 * largest magnitude then.
 *
 * @param spikes `[batch][count][spikeWords]`, see {@link packSpike}; zeros add none
 */
export function addSpikes(
  program: ProgramBuilder,
  { shape, x, y, spikes, count }: {
    shape: ItemsShape;
    x: Operand;
    y: Operand;
    spikes: Operand;
    count: number;
  },
): void {
  const { batch } = shape;
  const { constants, workgroups } = itemsGrid(program.device, shape);
  const sizes = { batch, count: pixels(shape) };
  // The largest magnitude of items without negative values is their sum, the lowest frequency's.
  const isSummed = count === 1;
  const [least, sums] = isSummed
    ? (["least", "sum"] as const).map((kind) => {
      const y = program.tensor(kind, batch * 4);
      reduceSamples(program, { kind, x, y, ...sizes });
      return y;
    })
    : [];
  const bySum = isSummed && { least };
  const all = {
    ...constants,
    PIXELS: pixels(shape),
    ...extentConstants(shape),
    SPIKES: count,
    SUMMED: isSummed,
  };
  const label = "spike";
  const spectrum = transformFourier(program, { shape, x, least });
  const heights = program.tensor("heights of spikes", batch * count * 4);
  for (let spike = 0; spike < count; spike++) {
    const magnitudes = program.tensor("magnitudes", itemsBytes(shape));
    const largest = program.tensor("largest magnitudes", batch * 4);
    program.dispatch(fourier, "magnitudes", {
      constants: all,
      bindings: { spectrum_in: spectrum, y: magnitudes, ...bySum },
      workgroups,
      label,
    });
    reduceSamples(program, { kind: "largest", x: magnitudes, y: largest, ...sizes });
    program.dispatch(fourier, "strike", {
      constants: { ...all, SPIKE: spike },
      bindings: {
        spikes,
        largest,
        heights_out: heights,
        spectrum_out: spectrum,
        ...bySum,
        ...(isSummed && { sums }),
      },
      workgroups: [1, 1, batch],
      label,
    });
  }
  program.dispatch(fourier, "add_waves", {
    constants: all,
    bindings: { x, spikes, heights_in: heights, y },
    workgroups,
    label,
  });
}
