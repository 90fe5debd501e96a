/** The joint histogram of two images under a transform, and the gradient of their information. */
import type { Device, DeviceBuffer } from "../../src/gpu/device.ts";
import { defineKernel } from "../../src/gpu/kernel.ts";
import { type Operand, type ProgramBuilder, slice } from "../../src/gpu/program.ts";
import { laneCount } from "../tensors.ts";
import source from "./joint_histogram.wgsl" with { type: "text" };
import { type DeviceVolume, readVolume } from "./volume.ts";

/** Fields of `Params`. */
export const jointHistogramParams = {
  samples: "u32",
  outside_counts: "u32",
  nx: "u32",
  ny: "u32",
  nz: "u32",
  first_slab: "u32",
  lowest: "f32",
  bins_per_intensity: "f32",
} as const;

const kernel = defineKernel({
  name: "registration/joint_histogram",
  source,
  constants: ["LANES", "CHUNK", "SPLIT"],
  params: jointHistogramParams,
  entries: {
    joint_histogram: {
      params: "uniform",
      maps: "read",
      positions: "read",
      fixed_bins: "read",
      moving: "read",
      second_slab: "read",
      moving_out: "read_write",
      histogram_out: "read_write",
    },
    log_ratios: { histogram_in: "read", ratios_out: "read_write" },
    gradient: {
      params: "uniform",
      maps: "read",
      positions: "read",
      fixed_bins: "read",
      moving_in: "read",
      ratios_in: "read",
      partials: "read_write",
    },
  },
});

/** Entries of the histogram: 32 rows of fixed bins by 32 columns of moving bins. */
const COUNTS = 32 * 32;
const HISTOGRAM_BYTES = 4 * (2 * COUNTS + 1);
/** The gradient's partial sums begin at an offset that can be bound. */
const PARTIALS_AT = Math.ceil(HISTOGRAM_BYTES / 256) * 256;
const ENTRIES = 12;
/** What a sample of weight 1 adds where six times its window is 1. */
const UNIT = 2 ** 17;

/** Samples of a workgroup. */
function chunkOf(device: Device): number {
  return device.class === "software" ? 4096 : 1024;
}

/** Bytes that {@link countJointly} writes to `results`. */
export function resultBytes(device: Device, samples: number): number {
  return PARTIALS_AT + 4 * ENTRIES * Math.ceil(samples / chunkOf(device));
}

export interface JointCounts {
  /** As `addToHistogram` sums it, exact multiples of 2^-17. */
  histogram: Float64Array;
  /** Sum of the weights of all samples. */
  weight: number;
  /** Samples inside the moving image. */
  inside: number;
  /** Six times the weight times dMI/dT: `mutual_information.ts` has the formula. */
  gradient: Float64Array;
}

/** What {@link countJointly} wrote. */
export function readResults(bytes: ArrayBuffer): JointCounts {
  const words = new Uint32Array(bytes, 0, 2 * COUNTS + 1);
  const histogram = Float64Array.from(
    { length: COUNTS },
    (_, at) => (2 ** 32 * words[COUNTS + at] + words[at]) / UNIT,
  );
  const weight = histogram.reduce((sum, count) => sum + count) / 6;
  const gradient = new Float64Array(ENTRIES);
  new Float32Array(bytes, PARTIALS_AT).forEach((part, at) => gradient[at % ENTRIES] += part);
  return { histogram, weight, inside: words[2 * COUNTS], gradient };
}

/**
 * Counts all samples, then sums the gradient.
 *
 * @param params by {@link jointHistogramParams}
 * @param maps 6 rows of 4 float32: positions to voxels of the volume, and derivatives by voxels to those
 *   by mm
 * @param positions 3 float32 a sample, mm
 * @param fixedBins a byte a sample
 * @param moving receives 4 float32 a sample: fractional bin, and its derivatives along right, anterior
 *   and superior
 * @param results receives what {@link readResults} reads
 */
export function countJointly(
  program: ProgramBuilder,
  { samples, volume, params, maps, positions, fixedBins, moving, results }: {
    samples: number;
    volume: DeviceVolume;
    params: Operand;
    maps: Operand;
    positions: Operand;
    fixedBins: Operand;
    moving: Operand;
    results: DeviceBuffer;
  },
): void {
  const { device } = program;
  const chunk = chunkOf(device);
  const workgroups = [Math.ceil(samples / chunk)] as const;
  const constants = { LANES: laneCount(device, 256), CHUNK: chunk };
  const read = readVolume(volume);
  const histogram = slice(results, 0, HISTOGRAM_BYTES);
  const partials = slice(results, PARTIALS_AT, 4 * ENTRIES * workgroups[0]);
  const ratios = program.tensor("log ratios", 4 * COUNTS);
  program.clear(histogram);
  program.dispatch(kernel, "joint_histogram", {
    constants: { ...constants, ...read.constants },
    bindings: {
      ...read.bindings,
      params,
      maps,
      positions,
      fixed_bins: fixedBins,
      moving_out: moving,
      histogram_out: histogram,
    },
    workgroups,
  });
  program.dispatch(kernel, "log_ratios", {
    constants: { LANES: constants.LANES },
    bindings: { histogram_in: histogram, ratios_out: ratios },
    workgroups: [1],
  });
  program.dispatch(kernel, "gradient", {
    constants,
    bindings: {
      params,
      maps,
      positions,
      fixed_bins: fixedBins,
      moving_in: moving,
      ratios_in: ratios,
      partials,
    },
    workgroups,
  });
}
