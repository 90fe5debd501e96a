/** Attribution against PyTorch and finite differences; ResNet-18 of volumes with GYRUS_TEST_FULL=1. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openDevice } from "../../src/gpu/device.ts";
import {
  attribute,
  type AttributionMethod,
  findGradCamLevel,
  listGradCamLevels,
} from "../../src/nn/attribute.ts";
import { infer } from "../../src/nn/infer.ts";
import type { InputShape, Network } from "../../src/nn/network.ts";
import { createNetwork } from "../../src/nn/networks/mod.ts";
import { fixtureWeights, uniform } from "./fixture.ts";

interface Fixture {
  /** Number of items, then the size of each. */
  images: number[];
  channels: number;
  target: number;
  logits: number[];
  gradients: string;
  grad_cam: Record<string, string>;
}

async function readFixtures(file: string): Promise<Record<string, Fixture>> {
  return JSON.parse(await Deno.readTextFile(new URL(`../fixtures/nn/${file}`, import.meta.url)));
}

const fixtures = await readFixtures("attribution.json");
const volumeFixtures = await readFixtures("volume_attribution.json");

function unpacked(text: string): Float32Array {
  return new Float32Array(Uint8Array.fromBase64(text).buffer);
}

/** `fill` and `fill_statistics` of make_attribution.py. */
function weightsOf(network: Network) {
  const weights = fixtureWeights(network);
  network.batchNorms.forEach((name, number) => {
    const set = (statistic: string, values: Float64Array) =>
      weights.statistics.set(values, network.statistics.get(`${name}.${statistic}`).offset);
    const { count } = network.statistics.get(`${name}.running_mean`);
    set("running_mean", uniform(3001 + 2 * number, count).map((u) => 0.2 * u - 0.1));
    set("running_var", uniform(3002 + 2 * number, count).map((v) => 0.5 + v));
  });
  return weights;
}

function options({ images: [count, ...size], channels }: Fixture, architecture: string) {
  const shapeOf = (channels: number) => [channels, ...size] as unknown as InputShape;
  const network = createNetwork(architecture, shapeOf(channels), 2);
  const plane = size.reduce((product, extent) => product * extent);
  const values = Float32Array.from(uniform(2002, count * plane));
  return {
    network,
    plane,
    data: {
      shape: shapeOf(1),
      count,
      normalisation: "none" as const,
      read: (item: number) => values.subarray(item * plane, (item + 1) * plane),
    },
    batchSize: 4,
    runs: [{
      network,
      weights: weightsOf(network),
      items: Uint32Array.from({ length: count }, (_, item) => item),
    }],
  };
}

/** Largest difference as a share of the largest value. */
function difference(found: Float32Array, expected: Float32Array): number {
  assertEquals(found.length, expected.length);
  let [worst, largest] = [0, 0];
  expected.forEach((value, i) => {
    worst = Math.max(worst, Math.abs(found[i] - value));
    largest = Math.max(largest, Math.abs(value));
  });
  assert(largest > 0);
  return worst / largest;
}

const isFull = Deno.env.get("GYRUS_TEST_FULL") === "1";
const checked = [
  ...Object.entries(fixtures),
  ...Object.entries(volumeFixtures).filter(([name]) => isFull || name !== "resnet18"),
];

for (const [architecture, fixture] of checked) {
  const size = fixture.images.slice(1).join("x");
  Deno.test(`gradients and Grad-CAM of ${architecture} at ${size} are PyTorch's`, async () => {
    const device = await openDevice();
    const common = { ...options(fixture, architecture), target: fixture.target };
    const maps = async (method: AttributionMethod, batchSize = 4) =>
      (await attribute(device, { ...common, batchSize, method }))[0];
    const [{ logits }] = await infer(device, common);
    assert(difference(logits, Float32Array.from(fixture.logits)) < 1e-5);

    const gradients = await maps({ kind: "gradients" });
    const off = difference(gradients, unpacked(fixture.gradients));
    assert(off < 1e-4, `gradients differ by ${off}`);
    assertEquals(await maps({ kind: "gradients" }), gradients, "a second time");
    const oneByOne = difference(await maps({ kind: "gradients" }, 1), gradients);
    assert(oneByOne < 1e-5, `images by themselves differ by ${oneByOne}`);

    for (const [level, expected] of Object.entries(fixture.grad_cam)) {
      const cam = await maps({ kind: "grad_cam", level });
      const off = difference(cam, unpacked(expected));
      assert(off < 1e-4, `Grad-CAM at ${level} differs by ${off}`);
      assert(cam.every((value) => value >= 0));
    }
    const last = Object.values(fixture.grad_cam).at(-1)!;
    assert(difference(await maps({ kind: "grad_cam" }), unpacked(last)) < 1e-4);
    device.destroy();
  });
}

Deno.test("gradients are the slope of the logit along any direction", async () => {
  const device = await openDevice();
  const { data, plane, ...common } = options(fixtures.Conv5_FC3, "Conv5_FC3");
  const [gradients] = await attribute(device, {
    ...common,
    data,
    target: 1,
    method: { kind: "gradients" },
  });
  const step = 1e-3;
  const directions = [0, 1, 2, 3].map((k) =>
    uniform(7000 + k, plane).map((u, i) => k === 0 ? gradients[i] : u - 0.5)
  ).map((d) => d.map((value) => value / Math.hypot(...d)));
  const first = data.read(0);
  const shifted = directions.flatMap((d) =>
    [step, -step].map((h) => first.map((v, i) => v + h * d[i]))
  );
  const items = Uint32Array.from(shifted.keys());
  const [{ logits }] = await infer(device, {
    ...common,
    data: { ...data, count: shifted.length, read: (item) => shifted[item] },
    runs: [{ ...common.runs[0], items }],
  });
  const steepest = Math.hypot(...gradients.subarray(0, plane));
  directions.forEach((direction, k) => {
    const slope = (logits[4 * k + 1] - logits[4 * k + 3]) / (2 * step);
    const expected = direction.reduce((sum, d, i) => sum + d * gradients[i], 0);
    const off = Math.abs(slope - expected) / steepest;
    assert(off < 0.02, `direction ${k}: slope ${slope}, gradient ${expected}`);
  });
  device.destroy();
});

Deno.test("networks side by side and data that are streamed give the maps of each alone", async () => {
  const device = await openDevice();
  const { network, runs: [run], ...common } = options(fixtures.Conv5_FC3, "Conv5_FC3");
  const other = { ...run.weights, parameters: run.weights.parameters.map((w) => 0.9 * w) };
  const runs = [
    { network, weights: run.weights, items: Uint32Array.of(1, 0, 1) },
    { network, weights: other, items: Uint32Array.of(0, 0, 1) },
    { network, weights: other, items: Uint32Array.of(1) },
  ];
  const shared = { ...common, target: 0, batchSize: 2, method: { kind: "grad_cam" } as const };
  const together = await attribute(device, { ...shared, runs, residentBytes: 1 });
  for (const [i, alone] of runs.entries()) {
    const [maps] = await attribute(device, { ...shared, runs: [alone] });
    assertEquals(together[i], maps);
  }
  assert(difference(together[1], together[0]) > 0.01);
  device.destroy();
});

Deno.test("levels are feature maps before the network flattens them; stages name their last block", () => {
  const resnet = createNetwork("resnet18", [3, 64, 96], 2);
  assertEquals(listGradCamLevels(resnet), [
    "conv1",
    "bn1",
    "maxpool",
    ...[1, 2, 3, 4].flatMap((stage) => [`layer${stage}.0`, `layer${stage}.1`]),
  ]);
  const level = (name?: string) => findGradCamLevel(resnet, name).shape;
  assertEquals(level(), { batch: 1, channels: 512, depth: 1, height: 2, width: 3 });
  assertEquals(level("layer2"), { batch: 1, channels: 128, depth: 1, height: 8, width: 12 });
  assertEquals(level("layer2.0"), level("layer2"));
  const strided = createNetwork("Stride_Conv5_FC3", [1, 40, 40], 2);
  assertEquals(listGradCamLevels(strided).at(-1), "convolutions.13");
  const error = assertThrows(() => findGradCamLevel(strided, "layer4"), RangeError);
  assertEquals(error.message.startsWith('Stride_Conv5_FC3 has no feature map "layer4"'), true);
});

Deno.test("an output node that is not there is refused", async () => {
  const device = await openDevice();
  const { network: _, plane: __, ...common } = options(fixtures.Conv5_FC3, "Conv5_FC3");
  await assertRejects(
    () => attribute(device, { ...common, target: 2, method: { kind: "gradients" } }),
    RangeError,
    "no output node 2; there are 2",
  );
  device.destroy();
});
