/** Mutual information computed on a device: exact counts of samples interpolated in float32. */
import {
  countJointly,
  type JointCounts,
  jointHistogramParams,
  readResults,
  resultBytes,
} from "../../../kernels/registration/joint_histogram.ts";
import { readVolume, uploadVolume } from "../../../kernels/registration/volume.ts";
import { Arena } from "../../gpu/arena.ts";
import type { BufferRange, Device } from "../../gpu/device.ts";
import { ProgramBuilder } from "../../gpu/program.ts";
import { Uniforms } from "../../gpu/uniforms.ts";
import { invertAffine, multiplyAffines } from "../../imaging/nifti/affine.ts";
import { BINS, BinScale } from "../../imaging/registration/bins.ts";
import type { FixedSamples } from "../../imaging/registration/fixed_samples.ts";
import type { Outside } from "../../imaging/registration/moving_samples.ts";
import {
  ENTRIES,
  gaussNewtonMatrix,
  type InformationMeasure,
  informationOf,
  LEAST_OVERLAP,
} from "../../imaging/registration/mutual_information.ts";
import type { ScalarImage } from "../../imaging/scalar_image.ts";

export interface DeviceInformation extends InformationMeasure {
  /** Frees its memory on the device. */
  close(): void;
}

/**
 * Keeps the image and the samples on a device. An evaluation is one submission, which computes the
 * gradient too, and one read.
 *
 * @throws {DeviceError} when they do not fit
 */
export async function measureOnDevice(
  device: Device,
  fixed: FixedSamples,
  image: ScalarImage,
  outside: Outside,
): Promise<DeviceInformation> {
  const arena = new Arena(device);
  const owned: BufferRange[] = [];
  const own = <T extends BufferRange>(...buffers: T[]): T => {
    owned.push(...buffers);
    return buffers[0];
  };
  const close = () => {
    owned.forEach((buffer) => device.free(buffer));
    arena.destroy();
  };
  try {
    const { lowest, width } = new BinScale(image.data);
    const toVoxel = invertAffine(image.affine);
    const volume = uploadVolume(device, "moving image", image);
    own(...volume.slabs);
    const uniforms = new Uniforms(device, "joint histogram", jointHistogramParams);
    own(uniforms.buffer);
    uniforms.set({
      ...readVolume(volume).params,
      samples: fixed.count,
      outside_counts: Number(outside === "background"),
      lowest,
      bins_per_intensity: 1 / width,
    });
    const maps = own(device.buffer("maps", 2 * 4 * ENTRIES));
    // Derivatives by voxels to derivatives by mm: the transpose of the world-to-voxel matrix.
    const slopes = [0, 1, 2].flatMap((axis) =>
      [0, 4, 8].map((row) => toVoxel[row + axis]).concat(0)
    );
    device.write(maps, Float32Array.from(slopes), 4 * ENTRIES);
    const moving = own(device.buffer("moving samples", 16 * fixed.count));
    const results = own(device.buffer("joint histogram", resultBytes(device, fixed.count)));
    const builder = new ProgramBuilder(device, "mutual information");
    countJointly(builder, {
      samples: fixed.count,
      volume,
      params: uniforms.buffer,
      maps,
      positions: own(device.buffer("positions", fixed.positions as Float32Array<ArrayBuffer>)),
      fixedBins: own(device.buffer("fixed bins", fixed.bins as Uint8Array<ArrayBuffer>)),
      moving,
      results,
    });
    const program = await builder.build(arena);

    let last: JointCounts;
    const excess = new Float64Array(BINS * BINS);
    return {
      async evaluate(transform) {
        const toMoving = multiplyAffines(toVoxel, transform).subarray(0, ENTRIES);
        device.write(maps, Float32Array.from(toMoving));
        program.run();
        last = readResults(await device.read(results));
        const inside = outside === "background" ? last.inside : last.weight;
        if (inside < LEAST_OVERLAP * fixed.count) return -Infinity;
        return informationOf(last.histogram, excess);
      },
      gradient: () => last.gradient.map((sum) => sum / (6 * last.weight)),
      async gaussNewtonMatrix() {
        const samples = await device.readFloats(moving);
        const slopes = new Float32Array(3 * fixed.count);
        for (let from = 1, to = 0; to < slopes.length; from += 4, to += 3) {
          slopes.set(samples.subarray(from, from + 3), to);
        }
        return gaussNewtonMatrix(fixed.positions, slopes);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
