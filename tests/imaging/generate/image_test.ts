import { gunzipSync } from "node:zlib";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { Random } from "../../../src/random.ts";
import { addArtifacts, type ArtifactOptions } from "../../../src/imaging/generate/artifacts.ts";
import { halfMasks } from "../../../src/imaging/generate/half_masks.ts";
import { hypometabolise, pathologyMask } from "../../../src/imaging/generate/hypometabolic.ts";
import { generateImage, type ImageRecipe } from "../../../src/imaging/generate/image.ts";
import { drawParticipants } from "../../../src/imaging/generate/participants.ts";
import { GeneratorPool } from "../../../src/imaging/generate/pool.ts";
import { drawSubtype, renderSheppLogan } from "../../../src/imaging/generate/shepp_logan.ts";
import { applyAtrophy } from "../../../src/imaging/generate/trivial.ts";
import { type HeadVolume, readHead, writeHead } from "../../../src/imaging/generate/volume.ts";

/** A bright ellipsoid with some structure, 4 mm voxels about the origin. */
function head(): HeadVolume {
  const shape: [number, number, number] = [20, 24, 22];
  const data = new Float32Array(20 * 24 * 22);
  for (let k = 0, at = 0; k < 22; k++) {
    for (let j = 0; j < 24; j++) {
      for (let i = 0; i < 20; i++, at++) {
        const radius = Math.hypot((i - 9.5) / 8, (j - 11.5) / 10, (k - 10.5) / 9);
        data[at] = radius < 1 ? 600 + 20 * ((i * 3 + j * 5 + k * 7) % 10) : 10;
      }
    }
  }
  // deno-fmt-ignore
  const affine = Float64Array.of(4, 0, 0, -38, 0, 4, 0, -46, 0, 0, 4, -42, 0, 0, 0, 1);
  return { shape, data, affine, integer: true };
}

const [patient, control] = drawParticipants("TRIV", 1, 1, 0);

Deno.test("the halves of a head are found in the volume, whichever way its axis points", () => {
  const volume = head();
  const mask = halfMasks(volume, "head");
  const at = (i: number) => mask[(10 * 24 + 11) * 20 + i];
  assertEquals([at(0), at(4), at(15), at(19)], [0, 1, 2, 0]);
  const flipped = volume.affine.slice();
  flipped[0] = -4;
  flipped[3] = 38;
  const mirrored = halfMasks({ ...volume, affine: flipped }, "head");
  assertEquals([mirrored[(10 * 24 + 11) * 20 + 4], mirrored[(10 * 24 + 11) * 20 + 15]], [2, 1]);
  assertThrows(
    () => halfMasks({ ...volume, data: new Float32Array(volume.data.length) }, "flat.nii"),
    DataError,
    "flat.nii: the image is constant",
  );
});

Deno.test("trivial: the left half loses signal in AD, the right in CN, by the percentage and a little more", () => {
  const volume = head();
  const mask = halfMasks(volume, "head");
  for (const [diagnosis, side] of [["AD", 1], ["CN", 2]] as const) {
    const { data } = applyAtrophy(volume, mask, diagnosis, 60, new Random(1, 2));
    data.forEach((value, at) => {
      const share = value / volume.data[at];
      if (mask[at] !== side) assertEquals(share, 1);
      else assert(share <= 0.4 + 1e-6 && share > 0.25, `${share}`);
    });
  }
});

Deno.test("Shepp-Logan: subtypes come by their probabilities, a small region is smaller", () => {
  const random = new Random(1, "subtypes");
  const counts = [0, 0, 0];
  for (let i = 0; i < 2000; i++) counts[drawSubtype([0.05, 0.85, 0.1], random)]++;
  assert(Math.abs(counts[1] - 1700) < 80 && Math.abs(counts[2] - 200) < 60, String(counts));
  const area = (subtype: 0 | 1 | 2, side: 0 | 1) => {
    let total = 0;
    for (let seed = 0; seed < 10; seed++) {
      const { data } = renderSheppLogan(96, subtype, false, new Random(seed, "image"));
      for (let j = 10; j < 34; j++) {
        for (let i = 0; i < 48; i++) {
          const value = data[j * 96 + i + 48 * side];
          if (value > 0.35 && value < 0.65) total++;
        }
      }
    }
    return total;
  };
  assert(area(1, 1) < 0.75 * area(0, 1) && area(2, 0) < 0.75 * area(0, 0));
  assertAlmostEquals(area(1, 0) / area(0, 0), 1, 0.15);
});

Deno.test("hypometabolic: the loss is as asked for inside a region and nothing far from it", () => {
  const volume = head();
  const mask = new Uint8Array(volume.data.length);
  for (let at = 0; at < mask.length; at++) if (at % 20 < 6) mask[at] = 1;
  const { data } = hypometabolise(volume, mask, 40, 0.8);
  const share = (i: number) => data[(10 * 24 + 11) * 20 + i] / volume.data[(10 * 24 + 11) * 20 + i];
  assertAlmostEquals(share(1), 0.6, 1e-3);
  assertAlmostEquals(share(15), 1, 1e-6);
  assert(share(5) > 0.6 && share(5) < share(6));
  const left = pathologyMask("lvppa", volume), both = pathologyMask("ad", volume);
  const half = (regions: Uint8Array, side: 0 | 1) =>
    regions.filter((inside, at) => inside && Number(at % 20 > 9) === side).length;
  assert(half(left, 0) > 0 && half(left, 1) === 0);
  assertEquals(half(both, 0), half(both, 1));
});

const STILL: ArtifactOptions = {
  artifacts: ["motion"],
  translation: [0, 0],
  rotation: [0, 0],
  numTransforms: 3,
  gamma: [0, 0],
  noiseStd: [0, 0],
};

Deno.test("artifacts: a head that does not move keeps its image, one that moves does not", () => {
  const volume = head();
  const still = addArtifacts(volume, STILL, new Random(4, "motion"));
  // Moving by nothing loses the outermost voxels, where there is air.
  let worst = 0;
  for (let k = 1; k < 20; k++) {
    for (let at = (k * 24 + 2) * 20; at < (k * 24 + 22) * 20; at++) {
      if (at % 20 === 0 || at % 20 >= 18) continue;
      worst = Math.max(worst, Math.abs(still.data[at] - volume.data[at]));
    }
  }
  assert(worst < 10, `${worst}`);
  const moving = { ...STILL, translation: [6, 8] as const, rotation: [4, 6] as const };
  const moved = addArtifacts(volume, moving, new Random(4, "motion"));
  assert(moved.data.some((value, at) => Math.abs(value - volume.data[at]) > 100));
});

Deno.test("artifacts: contrast keeps the range of intensities, noise has its standard deviation", () => {
  const volume = head();
  const contrast = addArtifacts(
    volume,
    { ...STILL, artifacts: ["contrast"], gamma: [-0.2, -0.1] },
    new Random(1, "contrast"),
  );
  assertAlmostEquals(Math.max(...contrast.data), Math.max(...volume.data), 1e-3);
  assert(contrast.data.every((value, at) => value >= volume.data[at] - 1e-3));
  const noisy = addArtifacts(
    volume,
    { ...STILL, artifacts: ["noise"], noiseStd: [9, 9] },
    new Random(1, "noise"),
  );
  const squares = noisy.data.reduce((sum, value, at) => sum + (value - volume.data[at]) ** 2, 0);
  assertAlmostEquals(Math.sqrt(squares / noisy.data.length), 9, 0.3);
});

const source = { subject: "head.nii.gz", bytes: writeHead(head(), "test") };
const trivial: ImageRecipe = { kind: "trivial", seed: 1, session: patient, atrophyPercent: 60 };

Deno.test("an image file is a function of its recipe, on this thread or another", async () => {
  const pool = new GeneratorPool(2);
  try {
    const recipes: ImageRecipe[] = [
      trivial,
      { ...trivial, session: control },
      { kind: "phantom", seed: 1, session: patient, shape: [24, 24, 24], strength: 1 },
      { kind: "random", seed: 1, session: patient, mean: 0, sigma: 2 },
    ];
    for (const recipe of recipes) {
      const here = generateImage({ recipe, source });
      assertEquals(await pool.generate({ recipe, source }), here);
      const { shape, data } = readHead(here, "generated");
      assertEquals(data.length, shape[0] * shape[1] * shape[2]);
    }
  } finally {
    pool.close();
  }
});

Deno.test("a mask of the image's shape that lies elsewhere is refused", () => {
  const bytes = new Uint8Array(gunzipSync(source.bytes));
  const view = new DataView(bytes.buffer);
  // The offset along the first world axis, of a voxel and a half.
  const step = Math.abs(view.getFloat32(280, true));
  view.setFloat32(292, view.getFloat32(292, true) + 1.5 * step, true);
  assertThrows(
    () => generateImage({ recipe: trivial, source, mask: { subject: "mask-1.nii", bytes } }),
    DataError,
    "mask-1.nii: the mask is elsewhere: its corners are up to 1.5 voxels from the image's",
  );
});

Deno.test("a source that is no image and a mask of another shape are refused by name", async () => {
  const broken = { subject: "broken.nii.gz", bytes: source.bytes.slice(0, 200) };
  assertThrows(
    () => generateImage({ recipe: trivial, source: broken }),
    DataError,
    "broken.nii.gz",
  );
  const phantom: ImageRecipe = {
    kind: "phantom",
    seed: 1,
    session: patient,
    shape: [16, 16, 16],
    strength: 1,
  };
  const mask = { subject: "mask-1.nii", bytes: generateImage({ recipe: phantom }) };
  const job = { recipe: trivial, source, mask };
  const problem = "mask-1.nii: the mask is 16 x 16 x 16 voxels, the image 20 x 24 x 22";
  assertThrows(() => generateImage(job), DataError, problem);
  const pool = new GeneratorPool(2);
  try {
    const refusal = await pool.generate(job).then(() => undefined, (error) => error);
    assert(refusal instanceof DataError && refusal.message === problem);
  } finally {
    pool.close();
  }
});
