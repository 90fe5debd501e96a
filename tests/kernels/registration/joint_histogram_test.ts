import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  countJointly,
  jointHistogramParams,
  readResults,
  resultBytes,
} from "../../../kernels/registration/joint_histogram.ts";
import { readVolume } from "../../../kernels/registration/volume.ts";
import { Uniforms } from "../../../src/gpu/uniforms.ts";
import { type Affine, invertAffine, multiplyAffines } from "../../../src/imaging/nifti/affine.ts";
import { BinScale } from "../../../src/imaging/registration/bins.ts";
import {
  addToHistogram,
  windowSlope,
  windowSum,
} from "../../../src/imaging/registration/joint_histogram.ts";
import { MovingSamples } from "../../../src/imaging/registration/moving_samples.ts";
import { informationOf } from "../../../src/imaging/registration/mutual_information.ts";
import { assertClose, type Bench, numbers, onDevice } from "../on_device.ts";
import { oddImage, volumeOf } from "./volumes.ts";

/** Whole numbers of these are what six times the window of a sample adds. */
const UNIT = 1 / 131072;
const IMAGE = oddImage([7, 9, 11], 3);

/** More than a chunk of either class, and no multiple of four. */
const SAMPLES = 4501;
const POSITIONS = numbers(3 * SAMPLES, 4).map((value) => 15 * value);
const FIXED_BINS = Uint8Array.from(numbers(SAMPLES, 5), (value) => 16 + 14 * value);

// deno-fmt-ignore
const TRANSFORM = Float64Array.of(
  1.02, 0.05, -0.03, 0.4,
  -0.04, 0.97, 0.06, -0.7,
  0.02, -0.05, 1.01, 0.9,
  0, 0, 0, 1,
);

interface Case {
  positions: Float32Array<ArrayBuffer>;
  fixedBins: Uint8Array<ArrayBuffer>;
  transform: Affine;
  outside: "excluded" | "background";
  /** Of the image's first buffer. */
  planes?: number;
}

async function count(
  bench: Bench,
  { positions, fixedBins, transform, outside, planes }: Case,
) {
  const samples = fixedBins.length;
  const { lowest, width } = new BinScale(IMAGE.data);
  const toVoxel = invertAffine(IMAGE.affine);
  const slopes = [0, 1, 2].flatMap((
    axis,
  ) => [toVoxel[axis], toVoxel[4 + axis], toVoxel[8 + axis], 0]);
  const toMoving = multiplyAffines(toVoxel, transform).subarray(0, 12);
  const volume = volumeOf(bench, IMAGE, planes);
  const uniforms = new Uniforms(bench.device, "test", jointHistogramParams);
  uniforms.set({
    ...readVolume(volume).params,
    samples,
    outside_counts: Number(outside === "background"),
    lowest,
    bins_per_intensity: 1 / width,
  });
  const moving = bench.buffer(16 * samples);
  const results = bench.buffer(resultBytes(bench.device, samples));
  const [values, bytes] = await bench.run((program) => {
    countJointly(program, {
      samples,
      volume,
      params: uniforms.buffer,
      maps: bench.buffer(Float32Array.from([...toMoving, ...slopes])),
      positions: bench.buffer(positions),
      fixedBins: bench.buffer(fixedBins),
      moving,
      results,
    });
    return [moving, results];
  });
  return { values, ...readResults(bytes.buffer as ArrayBuffer) };
}

/** The same in float64, histogram and gradient summed sample by sample. */
function reference({ positions, fixedBins, transform, outside }: Case) {
  const moving = new MovingSamples(IMAGE, fixedBins.length, outside);
  const inside = moving.interpolate(positions, transform);
  const histogram = new Float64Array(32 * 32);
  const weight = addToHistogram(fixedBins, moving.bins, moving.weights, histogram);
  const excess = new Float64Array(32 * 32);
  informationOf(histogram, excess);
  const gradient = new Float64Array(12);
  moving.bins.forEach((bin, sample) => {
    if (moving.weights[sample] === 0) return;
    const byBin = moving.weights[sample] * windowSlope(excess, fixedBins[sample], bin);
    const byWeight = windowSum(excess, fixedBins[sample], bin);
    const place = [...positions.subarray(3 * sample, 3 * sample + 3), 1];
    for (let entry = 0; entry < 12; entry++) {
      const at = 3 * sample + (entry >> 2);
      const slope = byBin * moving.slopes[at] + byWeight * moving.weightSlopes[at];
      gradient[entry] += slope * place[entry % 4];
    }
  });
  return { moving, inside, weight, histogram, gradient };
}

for (const outside of ["excluded", "background"] as const) {
  Deno.test(`samples, joint histogram and gradient are those in float64, outside ${outside}`, async () => {
    const given = { positions: POSITIONS, fixedBins: FIXED_BINS, transform: TRANSFORM, outside };
    const expected = reference(given);
    await onDevice(async (bench) => {
      for (const planes of [11, 4]) {
        const { values, histogram, weight, inside, gradient } = await count(bench, {
          ...given,
          planes,
        });
        assertClose(values.filter((_, at) => at % 4 === 0), expected.moving.bins, 2e-6, "bins");
        const slopes = values.filter((_, at) => at % 4 > 0);
        assertClose(slopes, expected.moving.slopes, 1e-5, "slopes");
        if (outside === "background") assertEquals(inside, expected.inside);
        assertClose(histogram, expected.histogram, 1e-5, "histogram");
        assert(histogram.every((sum) => Number.isInteger(sum / UNIT)));
        assertAlmostEquals(weight, expected.weight, 1e-6 * expected.weight);
        // A bin that one sample barely touches has a logarithm of few digits.
        assertClose(gradient, expected.gradient, 2e-4, "gradient");
      }
    });
  });
}

Deno.test("counts beyond 32 bits are exact", async () => {
  const samples = 8_201;
  const given: Case = {
    positions: new Float32Array(3 * samples),
    fixedBins: new Uint8Array(samples).fill(7),
    transform: TRANSFORM.map((value, entry) => entry === 3 ? 1000 : value),
    outside: "background",
  };
  // The window at bin 2, six times: 1, 4, 1.
  const expected = new Float64Array(32 * 32);
  [1, 4, 1].forEach((weight, i) => expected[32 * 7 + 1 + i] = weight * samples);
  await onDevice(async (bench) => {
    const { histogram, inside } = await count(bench, given);
    assertEquals(inside, 0);
    assertEquals(histogram, expected);
  });
});
