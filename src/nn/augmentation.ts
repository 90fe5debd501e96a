/** Random changes of training items: a function of (seed, epoch, position of the sample). */
import { type Augmentation, augmentationWords, packAugmentation } from "../../kernels/gather.ts";
import type { Shape } from "../../kernels/tensors.ts";
import { Random } from "../random.ts";
import type { AugmentationName } from "./names.ts";

/** Size of an item; an image has one plane. */
type Size = Pick<Shape, "depth" | "height" | "width">;

interface SampleAugmentation extends Augmentation {
  /** Standard deviation of the Gaussian noise, in units of the normalised item. */
  noise: number;
}

/**
 * Draws the augmentation of one sample, with ClinicaDL's ranges: noise of deviation U(0, 0.1); with
 * probability 0.5 a rectangle of 2 to 33 % of the area and aspect 0.3 to 3.3 is erased (torchvision's
 * RandomErasing), of a volume in every plane; a shift of -10 to 9 pixels along each axis; smoothing
 * of deviation U(0, 1). They are applied in the order shift, smoothing, noise, erasing.
 *
 * @param position of the sample in the epoch
 */
export function drawAugmentation(
  names: readonly AugmentationName[],
  { depth, height, width }: Size,
  seed: number,
  epoch: number,
  position: number,
): SampleAugmentation {
  const draw = (name: AugmentationName) => new Random(seed, `augment ${name} ${position}`, epoch);
  const result: {
    -readonly [K in keyof SampleAugmentation]: SampleAugmentation[K];
  } = { shift: [0, 0, 0], erase: [0, 0, 0, 0], smoothing: 0, noise: 0 };
  if (names.includes("CropPad")) {
    const random = draw("CropPad");
    const shift = () => random.integer(20) - 10;
    const [rows, columns] = [shift(), shift()];
    result.shift = [depth > 1 ? shift() : 0, rows, columns];
  }
  if (names.includes("Smoothing")) result.smoothing = draw("Smoothing").uniform(0, 1);
  if (names.includes("Noise")) result.noise = draw("Noise").uniform(0, 0.1);
  if (names.includes("Erasing")) result.erase = drawErasing(draw("Erasing"), height, width);
  return result;
}

/**
 * Draws the augmentation of every sample of a batch, as the device reads it: a record of
 * `augmentationWords` words, and the deviation of the noise.
 *
 * @param item size of every item
 * @param first position of the batch's first sample in the epoch
 */
export function drawBatchAugmentation(
  names: readonly AugmentationName[],
  item: Size,
  { seed, epoch, first, size }: { seed: number; epoch: number; first: number; size: number },
): { records: DataView<ArrayBuffer>; deviations: Float32Array<ArrayBuffer> } {
  const records = new DataView(new ArrayBuffer(size * augmentationWords * 4));
  const deviations = new Float32Array(size);
  for (let n = 0; n < size; n++) {
    const drawn = drawAugmentation(names, item, seed, epoch, first + n);
    packAugmentation(drawn, records, n);
    deviations[n] = drawn.noise;
  }
  return { records, deviations };
}

/** Top, left, height and width of the erased rectangle; all 0 where nothing is erased. */
function drawErasing(
  random: Random,
  height: number,
  width: number,
): [number, number, number, number] {
  if (random.uniform() >= 0.5) return [0, 0, 0, 0];
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * random.uniform(0.02, 0.33);
    const aspect = Math.exp(random.uniform(Math.log(0.3), Math.log(3.3)));
    const h = Math.round(Math.sqrt(area * aspect));
    const w = Math.round(Math.sqrt(area / aspect));
    if (h < height && w < width) {
      return [random.integer(height - h + 1), random.integer(width - w + 1), h, w];
    }
  }
  return [0, 0, 0, 0];
}
