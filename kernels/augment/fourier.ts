/** Fourier transforms of items of any size, and spikes in their spectra. */
import type { Device, DeviceBuffer } from "../../src/gpu/device.ts";
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { pixels } from "../tensors.ts";
import source from "./fourier.wgsl" with { type: "text" };
import { extentConstants, itemsBytes, itemsGrid, type ItemsShape } from "./grid.ts";
import { reduceSamples } from "./reduce.ts";

const pass = {
  x: "read",
  spectrum_in: "read",
  spectrum_out: "read_write",
  turns: "read",
  least: "read",
} as const;

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
    "POINTS",
    "EXTENT",
    "STRIDE",
    "RADIX",
    "DONE",
    "EVEN",
    "FIRST",
    "PACKED",
    "PACKED_AXIS",
    "PACKED_STRIDE",
    "KEPT",
    "SUMMED",
    "SPIKE",
    "SPIKES",
  ],
  entries: {
    small_radix: pass,
    large_prime: pass,
    unpack: {
      spectrum_in: "read",
      spectrum_out: "read_write",
      y: "read_write",
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

/** Pairs of outputs that an invocation computes of a large prime: TILE of the kernel. */
const PAIRS_EACH = 4;

/** Neighbours along an even axis are the real and the imaginary part of one number: half as many. */
interface Packed {
  /** Of the packed numbers. */
  shape: ItemsShape;
  /** 0 to 2 for z, y, x, and the pixels from one to the next. */
  axis: number;
  stride: number;
}

/** Packed along the fastest axis of even extent, if there is one. */
function pack(shape: ItemsShape): Packed | undefined {
  const { depth, height, width } = shape;
  if (width % 2 === 0) return { shape: { ...shape, width: width / 2 }, axis: 2, stride: 1 };
  if (height % 2 === 0) return { shape: { ...shape, height: height / 2 }, axis: 1, stride: width };
  if (depth % 2 > 0) return undefined;
  return { shape: { ...shape, depth: depth / 2 }, axis: 0, stride: height * width };
}

interface FourierItems {
  shape: ItemsShape;
  x: Operand;
  /** `[batch]`, the least value of each sample; those without negative values are passed over. */
  least?: Operand;
}

/** The transform over all axes of packed numbers, or of x. */
function transformPoints(
  program: ProgramBuilder,
  { shape, x, least }: FourierItems,
  packed: Packed | undefined,
): Operand {
  const { batch, depth, height, width } = packed?.shape ?? shape;
  const points = depth * height * width;
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
  // An item of one point is its own transform, by a pass of radix 1.
  if (passes.length === 0) passes.push({ EXTENT: 1, STRIDE: 1, RADIX: 1, DONE: 1 });
  let spectrum: Operand | undefined;
  for (const pass of passes) {
    const to = program.tensor("spectrum", 8 * batch * points);
    const isLarge = pass.RADIX > LARGEST_RADIX;
    const tiles = isLarge ? Math.ceil((pass.RADIX - 1) / 2 / PAIRS_EACH) : 1;
    const butterflies = { batch, depth: 1, height: 1, width: points / pass.RADIX * tiles };
    const { constants, workgroups } = itemsGrid(program.device, butterflies);
    program.dispatch(fourier, isLarge ? "large_prime" : "small_radix", {
      constants: {
        ...constants,
        PIXELS: pixels(shape),
        POINTS: points,
        ...pass,
        EVEN: pass.RADIX % 2 === 0,
        FIRST: spectrum === undefined,
        PACKED: packed !== undefined,
        PACKED_STRIDE: packed?.stride ?? 1,
        SUMMED: least !== undefined,
      },
      bindings: {
        ...(least && { least }),
        ...(spectrum ? { spectrum_in: spectrum } : { x }),
        spectrum_out: to,
        ...((isLarge || pass.DONE > 1) && { turns: turnsOf(program.device, pass.EXTENT) }),
      },
      workgroups,
      label: "Fourier transform",
    });
    spectrum = to;
  }
  return spectrum!;
}

function unpack(
  program: ProgramBuilder,
  { shape, least }: FourierItems,
  packed: Packed,
  bindings: { spectrum_in: Operand; spectrum_out?: Operand; y?: Operand },
): void {
  const extent = [shape.depth, shape.height, shape.width][packed.axis];
  const { constants, workgroups } = itemsGrid(program.device, packed.shape);
  program.dispatch(fourier, "unpack", {
    constants: {
      ...constants,
      ...extentConstants(packed.shape),
      POINTS: pixels(packed.shape),
      PACKED_AXIS: packed.axis,
      PACKED_STRIDE: packed.stride,
      KEPT: bindings.spectrum_out !== undefined,
      SUMMED: least !== undefined,
    },
    bindings: { ...bindings, turns: turnsOf(program.device, extent), ...(least && { least }) },
    workgroups,
    label: "Fourier transform",
  });
}

/** @returns the transform of x over all axes of each sample, `[batch][pixels]` complex numbers */
export function transformFourier(program: ProgramBuilder, items: FourierItems): Operand {
  const packed = pack(items.shape);
  const points = transformPoints(program, items, packed);
  if (!packed) return points;
  const spectrum = program.tensor("spectrum", 2 * itemsBytes(items.shape));
  unpack(program, items, packed, { spectrum_in: points, spectrum_out: spectrum });
  return spectrum;
}

/** y `[batch]` = the largest squared magnitude of a spectrum. */
function largestMagnitude(
  program: ProgramBuilder,
  { shape, least }: Omit<FourierItems, "x">,
  spectrum: Operand,
  y: Operand,
): void {
  const magnitudes = program.tensor("magnitudes", itemsBytes(shape));
  const { constants, workgroups } = itemsGrid(program.device, shape);
  program.dispatch(fourier, "magnitudes", {
    constants: { ...constants, PIXELS: pixels(shape), SUMMED: least !== undefined },
    bindings: { spectrum_in: spectrum, y: magnitudes, ...(least && { least }) },
    workgroups,
    label: "magnitudes",
  });
  const sizes = { batch: shape.batch, count: pixels(shape) };
  reduceSamples(program, { kind: "largest", x: magnitudes, y, ...sizes });
}

/** Likewise of the transform of x. */
function largestOfTransform(program: ProgramBuilder, items: FourierItems, y: Operand): void {
  const packed = pack(items.shape);
  const points = transformPoints(program, items, packed);
  if (!packed) return largestMagnitude(program, items, points, y);
  const magnitudes = program.tensor("magnitudes", itemsBytes(packed.shape));
  unpack(program, items, packed, { spectrum_in: points, y: magnitudes });
  const sizes = { batch: packed.shape.batch, count: pixels(packed.shape) };
  reduceSamples(program, { kind: "largest", x: magnitudes, y, ...sizes });
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
  const heights = program.tensor("heights of spikes", batch * count * 4);
  const items = { shape, x, least };
  // One spike alone needs no spectrum to which it would be added.
  const spectrum = isSummed ? undefined : transformFourier(program, items);
  for (let spike = 0; spike < count; spike++) {
    const largest = program.tensor("largest magnitudes", batch * 4);
    if (spectrum) largestMagnitude(program, items, spectrum, largest);
    else largestOfTransform(program, items, largest);
    program.dispatch(fourier, "strike", {
      constants: { ...all, SPIKE: spike, KEPT: spectrum !== undefined },
      bindings: {
        spikes,
        largest,
        heights_out: heights,
        ...(spectrum && { spectrum_out: spectrum }),
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
