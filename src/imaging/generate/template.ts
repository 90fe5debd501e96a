/** The template of generated heads. */
import { transformPoint } from "../nifti/affine.ts";
import type { TemplateSpace } from "../preprocess/template_space.ts";
import { meanAnatomy } from "./anatomy.ts";
import { PlacedHead, WHITE_MATTER } from "./phantom.ts";
import type { HeadVolume } from "./volume.ts";

/** The mean head, where the crop of the grid has it as generated heads have it in their images. */
export function renderTemplate({ shape, affine, crop }: TemplateSpace): HeadVolume {
  const [nx, ny, nz] = shape;
  const middle = transformPoint(affine, [
    crop.start[0] + (crop.shape[0] - 1) / 2,
    crop.start[1] + (crop.shape[1] - 1) / 2,
    crop.start[2] + (crop.shape[2] - 1) / 2,
  ]);
  const data = new Float32Array(nx * ny * nz);
  const head = new PlacedHead(meanAnatomy(), affine[0]);
  for (let k = 0, at = 0; k < nz; k++) {
    const z = affine[10] * k + affine[11] - middle[2];
    for (let j = 0; j < ny; j++) {
      const y = affine[5] * j + affine[7] - middle[1];
      for (let i = 0; i < nx; i++, at++) {
        data[at] = WHITE_MATTER * head.signalAt(affine[0] * i + affine[3] - middle[0], y, z);
      }
    }
  }
  return { shape, data, affine, integer: true };
}
