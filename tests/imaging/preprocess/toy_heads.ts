/** Phantoms that stand for raw heads and for their template; half of a head's size saves time. */
import { drawAnatomy } from "../../../src/imaging/generate/anatomy.ts";
import { renderPhantom } from "../../../src/imaging/generate/phantom.ts";
import type { TemplateSpace } from "../../../src/imaging/preprocess/template_space.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";
import { Random } from "../../../src/random.ts";

/** Voxels of a side, 2.6 mm each. */
const SIZE = 40;
const SCALE = 0.5;

export function toyHead(participant: number): ScalarImage {
  const subject = { diagnosis: "CN", age: 60, sex: "F", followUp: 0 } as const;
  const anatomy = drawAnatomy(5, participant, subject, 1);
  const head = renderPhantom(anatomy, [SIZE, SIZE, SIZE], new Random(5, participant));
  return { ...head, affine: head.affine.map((value, at) => at === 15 ? 1 : SCALE * value) };
}

export const TOY_TEMPLATE = toyHead(0);

export const TOY_SPACE: TemplateSpace = {
  shape: TOY_TEMPLATE.shape,
  affine: TOY_TEMPLATE.affine,
  crop: { start: [4, 0, 5], shape: [32, 40, 33] },
};

/** The head with `value` wherever `keeps` is false of a place in mm. */
export function maskHead(
  head: ScalarImage,
  keeps: (x: number, y: number, z: number) => boolean,
  value: () => number = () => 0,
): ScalarImage {
  const { shape: [nx, ny], affine } = head;
  const data = head.data.map((voxel, at) => {
    const index = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
    const [x, y, z] = index.map((i, axis) => affine[5 * axis] * i + affine[4 * axis + 3]);
    return keeps(x, y, z) ? voxel : value();
  });
  return { ...head, data };
}

/** Whether a place lies within the skull of a phantom. */
export function isBrain(x: number, y: number, z: number): boolean {
  return (x / 33) ** 2 + ((y + 2.5) / 41) ** 2 + ((z - 3.5) / 30) ** 2 < 1;
}
