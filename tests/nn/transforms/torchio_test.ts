/** Each transform, given the draws, against TorchIO (tests/fixtures/nn/make_transforms.py). */
import { assertEquals } from "@std/assert";
import { packPolynomial } from "../../../kernels/augment/intensity.ts";
import { packAffine } from "../../../kernels/augment/spatial.ts";
import { affineRows, affineTransform } from "../../../src/nn/transforms/affine.ts";
import { anisotropyTransform, packDownsampling } from "../../../src/nn/transforms/anisotropy.ts";
import { blurTransform, packBlur } from "../../../src/nn/transforms/blur.ts";
import {
  controlPoints,
  elasticTransform,
  packElastic,
} from "../../../src/nn/transforms/elastic.ts";
import { flipTransform, packFlip } from "../../../src/nn/transforms/flip.ts";
import { ghostingTransform, packGhosting } from "../../../src/nn/transforms/ghosting.ts";
import {
  biasFieldTransform,
  gammaTransform,
  noiseTransform,
} from "../../../src/nn/transforms/intensity.ts";
import { motionTransform, packMotion } from "../../../src/nn/transforms/motion.ts";
import { packSpikes, spikeTransform } from "../../../src/nn/transforms/spike.ts";
import { packSwaps, swapTransform } from "../../../src/nn/transforms/swap.ts";
import {
  type BatchTransform,
  type ItemGeometry,
  itemGeometry,
  toTriple,
} from "../../../src/nn/transforms/transform.ts";
import { assertClose, type Bench, onDevice } from "../../kernels/on_device.ts";
import { uniform } from "../fixture.ts";

interface Case {
  kind: "volume" | "image";
  name: string;
  // deno-lint-ignore no-explicit-any
  draw: any;
  low: number;
  /** base64 of float32 */
  result: string;
}

const { shapes, cases }: {
  shapes: Record<string, { extents: number[]; spacing: number[] }>;
  cases: Case[];
} = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/nn/transforms.json", import.meta.url)),
);

type Records = Float32Array<ArrayBuffer>[];

/** Of each name, the transform and what writes the records of a draw. */
const KINDS: Record<
  string,
  // deno-lint-ignore no-explicit-any
  (draw: any, g: ItemGeometry) => [BatchTransform, (into: Records) => void]
> = {
  flip: ({ axes }, g) => [
    flipTransform({ axes, flip_probability: 1, p: 1 }, g),
    ([into]) => packFlip(axes, g, into),
  ],
  affine: (draw, g) => [
    affineTransform({
      scales: 0,
      degrees: 0,
      translation: 0,
      isotropic: false,
      default_pad_value: draw.fill,
      p: 1,
    }, g),
    ([into]) =>
      packAffine(affineRows(draw, g), typeof draw.fill === "number" ? draw.fill : 0, into),
  ],
  elastic: ({ points, displacements }, g) => [
    elasticTransform(
      { num_control_points: points, max_displacement: 1, locked_borders: 0, p: 1 },
      g,
    ),
    ([into]) =>
      packElastic(
        g.dimensions === 3 ? displacements : inPlane(displacements, points),
        controlPoints(points, g),
        g,
        into,
      ),
  ],
  gamma: ({ gamma }) => [gammaTransform({ log_gamma: 0, p: 1 }), ([into]) => into[0] = gamma],
  bias_field: ({ coefficients, order }) => [
    biasFieldTransform({ coefficients: 0, order, p: 1 }),
    ([into]) => packPolynomial(coefficients, order, into),
  ],
  blur: ({ std }, g) => [blurTransform({ std: 0, p: 1 }, g), ([into]) => packBlur(std, g, into)],
  noise: ({ mean, std, key }) => [noiseTransform({ mean: 0, std: 0, p: 1 }), ([into]) => {
    into.set([mean, std]);
    new Uint32Array(into.buffer, into.byteOffset + 8, 2).set(key);
  }],
  anisotropy: (draw, g) => [
    anisotropyTransform({ axes: [0], downsampling: 2, p: 1 }, g),
    ([into]) => packDownsampling(draw, g, into),
  ],
  motion: (draw, g) => [
    motionTransform({ degrees: 0, translation: 0, num_transforms: draw.times.length, p: 1 }, g),
    (into) => packMotion(draw, g, into),
  ],
  ghosting: (draw, g) => [
    ghostingTransform({ num_ghosts: 1, axes: [0], intensity: 1, p: 1 }, g),
    ([into]) => packGhosting(draw, g, into),
  ],
  spike: ({ positions, intensity }, g) => [
    spikeTransform({ num_spikes: [0, positions.length], intensity: 0, p: 1 }, g),
    ([into]) => packSpikes(positions, intensity, g, into),
  ],
  swap: ({ box, corners }, g) => [
    swapTransform({ patch_size: box, num_iterations: corners.length, p: 1 }, g),
    ([into]) =>
      packSwaps(
        corners.map((pair: number[][]) => pair.map((corner) => toTriple(g, corner))),
        g,
        into,
      ),
  ],
};

/** Displacements of the first plane of control points. */
function inPlane(displacements: number[], [i, j, k]: number[]): number[] {
  return Array.from(
    { length: i * j },
    (_, at) => displacements.slice(3 * at * k, 3 * at * k + 3),
  ).flat();
}

/** A batch of the item, changed, and the item itself again, left as it is. */
async function transform(bench: Bench, { kind, name, draw, low }: Case) {
  const { extents, spacing } = shapes[kind];
  const geometry = itemGeometry(extents, spacing);
  const [depth, height, width] = geometry.size;
  const count = depth * height * width;
  const item = Float32Array.from(uniform(1, count), (v) => v + low);
  const [transform, pack] = KINDS[name](draw, geometry);
  const records = transform.words.map((words) => new Float32Array(2 * words));
  pack(records.map((record, i) => record.subarray(0, transform.words[i])));
  const out = bench.buffer(8 * count);
  const [result] = await bench.run((program) => {
    const x = program.tensor("items", 8 * count);
    program.copy(bench.buffer(Float32Array.of(...item, ...item)), x);
    const shape = { batch: 2, depth, height, width };
    const y = transform.record(program, { shape, x }, ...records.map((one) => bench.buffer(one)));
    program.copy(y, out);
    return [out];
  });
  return { changed: result.subarray(0, count), left: result.subarray(count), item };
}

cases.forEach((one, index) => {
  Deno.test(`${one.name} of the ${one.kind} in case ${index} is TorchIO's`, async () => {
    const bytes = Uint8Array.from(atob(one.result), (c) => c.charCodeAt(0));
    const expected = new Float32Array(bytes.buffer);
    await onDevice(async (bench) => {
      const { changed, left, item } = await transform(bench, one);
      assertClose(changed, expected, 1e-4);
      assertEquals(left, item, "an item without a draw stays as it is");
    });
  });
});
