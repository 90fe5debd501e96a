import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import {
  checkGrid,
  MNI152NLIN2009CSYM,
  prepareTemplate,
} from "../../../src/imaging/preprocess/template_space.ts";
import { niftiFile } from "../raw_heads.ts";
import { isBrain, maskHead, TOY_SPACE, TOY_TEMPLATE } from "./toy_heads.ts";

const refuses = (work: () => unknown, problem: string) =>
  assertThrows(work, DataError, `template.nii: ${problem}`);

Deno.test("a template is prepared in whatever order its axes are stored", () => {
  const { shape: [nx, ny, nz], data, affine } = TOY_TEMPLATE;
  const mirrored = data.slice();
  for (let at = 0; at < data.length; at++) {
    mirrored[at] = data[at - at % nx + nx - 1 - at % nx];
  }
  const las = affine.slice();
  [las[0], las[3]] = [-affine[0], affine[3] + affine[0] * (nx - 1)];
  const file = niftiFile({ shape: [nx, ny, nz], data: mirrored, affine: las });
  const { image } = prepareTemplate(file, TOY_SPACE, "template.nii");
  assertEquals(image, { shape: TOY_TEMPLATE.shape, data, affine });
});

Deno.test("a template on another grid, or elsewhere, is refused with where to obtain the right one", () => {
  const { shape, affine } = MNI152NLIN2009CSYM;
  const check = (grid: Parameters<typeof checkGrid>[0]) => () =>
    checkGrid(grid, MNI152NLIN2009CSYM, "template.nii");
  check({ shape, affine })();
  const advice = "; take mni_icbm152_t1_tal_nlin_sym_09c.nii of the MNI ICBM152 nonlinear " +
    "symmetric 2009c atlas, with its skull";
  refuses(
    check({ shape: [182, 218, 182], affine }),
    "this template is 182 x 218 x 182 voxels (right, anterior, superior), but images are registered " +
      `to a grid of 193 x 229 x 193${advice}`,
  );
  refuses(
    check({ shape, affine: affine.with(11, -72) }),
    "this template lies elsewhere than MNI152NLin2009cSym: its first voxel is at (-96, -132, -72) mm, " +
      `not at (-96, -132, -78) mm, or its voxels are not 1 mm cubes${advice}`,
  );
  refuses(check({ shape, affine: affine.with(0, 1.1) }), "this template lies elsewhere");
});

Deno.test("a template without skull is refused", () => {
  const file = niftiFile(maskHead(TOY_TEMPLATE, isBrain));
  refuses(() => prepareTemplate(file, TOY_SPACE, "template.nii"), "this template has no skull");
});

Deno.test("the crop of MNI152NLin2009cSym is that of Clinica's images", () => {
  const { crop } = MNI152NLIN2009CSYM;
  assertEquals([crop.start, crop.shape], [[12, 13, 0], [169, 208, 179]]);
});
