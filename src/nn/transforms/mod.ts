/**
 * Transforms of training items, in the order of a list: a function of (seed, epoch, position of the
 * sample). Parameters have TorchIO's names and meanings; docs/how-to/augmentations.md names the differences.
 */
import type { BufferRange, Device } from "../../gpu/device.ts";
import { type ProgramBuilder, slice } from "../../gpu/program.ts";
import type { Operand } from "../../gpu/operand.ts";
import { Random } from "../../random.ts";
import { affineTransform } from "./affine.ts";
import { anisotropyTransform } from "./anisotropy.ts";
import { blurTransform } from "./blur.ts";
import { elasticTransform } from "./elastic.ts";
import { flipTransform } from "./flip.ts";
import { ghostingTransform } from "./ghosting.ts";
import { biasFieldTransform, gammaTransform, noiseTransform } from "./intensity.ts";
import { motionTransform } from "./motion.ts";
import type { TransformEntry, TransformName, TransformParams } from "./specification.ts";
import { spikeTransform } from "./spike.ts";
import { swapTransform } from "./swap.ts";
import type { BatchTransform, ItemBatch, ItemGeometry } from "./transform.ts";

export { type ItemGeometry, itemGeometry } from "./transform.ts";
export type { TransformEntry } from "./specification.ts";

const TRANSFORMS: {
  [Name in TransformName]: (
    params: TransformParams[Name],
    geometry: ItemGeometry,
  ) => BatchTransform;
} = {
  flip: flipTransform,
  affine: affineTransform,
  elastic: elasticTransform,
  gamma: gammaTransform,
  bias_field: biasFieldTransform,
  blur: blurTransform,
  noise: noiseTransform,
  anisotropy: anisotropyTransform,
  motion: motionTransform,
  ghosting: ghostingTransform,
  spike: spikeTransform,
  swap: swapTransform,
};

/** Offsets of slices of a buffer are multiples of this, bytes. */
const ALIGNMENT = 256;

interface PlacedTransform {
  name: TransformName;
  p: number;
  transform: BatchTransform;
  /** Byte offset of each record `[batch][words]`. */
  offsets: number[];
}

/** The transforms of a list for batches of up to `batchSize` items of one size. */
export class Transforms {
  readonly #placed: PlacedTransform[] = [];
  /** Of the records of a batch. */
  readonly bytes: number;

  /** @throws {RangeError} an entry that names no transform, or several */
  constructor(entries: readonly TransformEntry[], geometry: ItemGeometry, batchSize: number) {
    let bytes = 0;
    for (const entry of entries) {
      const { name, p, transform } = createTransform(entry, geometry);
      const offsets = transform.words.map((words) => {
        const offset = bytes;
        bytes += Math.ceil(batchSize * words * 4 / ALIGNMENT) * ALIGNMENT;
        return offset;
      });
      this.#placed.push({ name, p, transform, offsets });
    }
    this.bytes = Math.max(bytes, ALIGNMENT);
  }

  /**
   * Draws the records of a batch.
   *
   * @param first position of the batch's first sample in the epoch
   */
  draw(
    { seed, epoch, first, size }: { seed: number; epoch: number; first: number; size: number },
  ): Float32Array<ArrayBuffer> {
    const records = new Float32Array(this.bytes / 4);
    this.#placed.forEach(({ name, p, transform, offsets }, index) => {
      for (let n = 0; n < size; n++) {
        const random = new Random(seed, `transform ${index} ${name} ${first + n}`, epoch);
        if (random.uniform() >= p) continue;
        const into = transform.words.map((words, i) => {
          const start = offsets[i] / 4 + n * words;
          return records.subarray(start, start + words);
        });
        transform.draw(random, ...into);
      }
    });
    return records;
  }

  /** Uploads the records of a batch. */
  upload(device: Device, to: BufferRange, batch: Parameters<Transforms["draw"]>[0]): void {
    device.write(to, this.draw(batch));
  }

  /**
   * Records all transforms of a batch.
   *
   * @param records what {@link draw} returns
   * @returns the result
   */
  record(program: ProgramBuilder, batch: ItemBatch, records: Operand): Operand {
    const { shape } = batch;
    let { x, leastIsZero = false } = batch;
    // A flip before an affine map is part of its places: that saves a pass.
    let reversals: Operand[] = [];
    for (const [i, { name, transform, offsets }] of this.#placed.entries()) {
      const parts = transform.words.map((words, i) =>
        slice(records, offsets[i], shape.batch * words * 4)
      );
      if (name === "flip" && this.#placed[i + 1]?.name === "affine") {
        reversals = parts;
        continue;
      }
      x = transform.record(program, { shape, x, leastIsZero }, ...parts, ...reversals);
      reversals = [];
      leastIsZero &&= transform.permutes === true;
    }
    return x;
  }
}

function createTransform(entry: TransformEntry, geometry: ItemGeometry) {
  const names = Object.keys(entry) as TransformName[];
  if (names.length !== 1 || !(names[0] in TRANSFORMS)) {
    throw new RangeError(`An entry names one transform, not "${names.join(", ")}"`);
  }
  const [name] = names;
  const params = entry[name]!;
  const create = TRANSFORMS[name] as (params: unknown, geometry: ItemGeometry) => BatchTransform;
  return { name, p: params.p, transform: create(params, geometry) };
}
