/**
 * Convolutions of ResNet-18, and of Conv5_FC3 over volumes, in all three passes, next to PyTorch's on two
 * threads where Python has torch. `deno task kernel conv` compares the variants with each other.
 *
 *   deno bench -A tests/kernels/conv/conv_bench.ts [-- 224x8 [layer ...]]
 *   deno bench -A tests/kernels/conv/conv_bench.ts -- 80x96x80x4 [layer ...]
 *
 * `GF` is useful GFLOP/s by the clock; `GF*` counts processor time instead of the clock's, on both
 * cores, which other work on the machine disturbs less. On a GPU both are by its own clock.
 */
import { type ConvShape, linearShape } from "../../../kernels/conv/mod.ts";
import type { Triple } from "../../../kernels/tensors.ts";
import { openDevice } from "../../../src/gpu/device.ts";
import type { Times } from "../time_program.ts";
import { layer, volumeLayer } from "./problem.ts";
import { flops, type Pass, passes, timePass } from "./time_pass.ts";

interface Layer {
  name: string;
  /** How often the network has it. */
  count: number;
  shape: ConvShape;
}

/** Distinct convolutions of ResNet-18 for square input. */
function resnetLayers(images: number, side: number): Layer[] {
  const conv = (
    name: string,
    count: number,
    channels: number,
    outChannels: number,
    size: number,
    kernel: number,
    stride: number,
  ): Layer => {
    const shape = layer(images, channels, size, size, outChannels, kernel, stride, kernel >> 1);
    return { name, count, shape };
  };
  const s = side / 4;
  return [
    conv("conv1", 1, 3, 64, side, 7, 2),
    conv("layer1", 4, 64, 64, s, 3, 1),
    conv("layer2.0", 1, 64, 128, s, 3, 2),
    conv("layer2.0.downsample", 1, 64, 128, s, 1, 2),
    conv("layer2", 3, 128, 128, s / 2, 3, 1),
    conv("layer3.0", 1, 128, 256, s / 2, 3, 2),
    conv("layer3.0.downsample", 1, 128, 256, s / 2, 1, 2),
    conv("layer3", 3, 256, 256, s / 4, 3, 1),
    conv("layer4.0", 1, 256, 512, s / 4, 3, 2),
    conv("layer4.0.downsample", 1, 256, 512, s / 4, 1, 2),
    conv("layer4", 3, 512, 512, s / 8, 3, 1),
  ];
}

/** Convolutions of Conv5_FC3 over volumes of [z, y, x] pixels. */
function conv5Layers(images: number, size: Triple): Layer[] {
  return [1, 8, 16, 32, 64].map((channels, i): Layer => {
    const [z, y, x] = size.map((side) => Math.ceil(side / 2 ** i));
    const outChannels = 8 << i;
    const shape = volumeLayer(images, channels, [z, y, x], outChannels, 3, 1, 1);
    return { name: `conv${i + 1}`, count: 1, shape };
  });
}

type TorchTimes = Record<string, Record<Pass, Times>> & { gemm: Times; version: string };

/** PyTorch's times of the same layers, or undefined where there is no Python, or one without torch. */
async function torchTimes(layers: readonly Layer[], gemm: number): Promise<TorchTimes | undefined> {
  const command = new Deno.Command(Deno.env.get("GYRUS_PYTHON") ?? "/usr/bin/python3", {
    args: [new URL("conv_torch.py", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  });
  const rows = layers.map(({ name, shape: s }) => [
    ...[name, s.images, s.channels, [s.depth, s.height, s.width], s.outChannels],
    ...[s.kernel, s.stride, s.padding],
  ]);
  try {
    const python = command.spawn();
    const writer = python.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify({ layers: rows, gemm })));
    await writer.close();
    const { success, stdout } = await python.output();
    return success ? JSON.parse(new TextDecoder().decode(stdout)) : undefined;
  } catch (error) {
    const { NotFound, BrokenPipe } = Deno.errors;
    if (error instanceof NotFound || error instanceof BrokenPipe) return undefined;
    throw error;
  }
}

/** A network's convolutions over images of `side`x`side`x`images` or `z`x`y`x`x`x`images`. */
function layersOf(size: string): { title: string; layers: Layer[] } {
  const numbers = size.split("x").map(Number);
  const images = numbers[numbers.length - 1];
  if (numbers.length === 2) {
    const [side] = numbers;
    const title = `ResNet-18, ${images} images of 3x${side}x${side}`;
    return { title, layers: resnetLayers(images, side) };
  }
  const [z, y, x] = numbers;
  const title = `Conv5_FC3, ${images} volumes of 1x${z}x${y}x${x}`;
  return { title, layers: conv5Layers(images, [z, y, x]) };
}

const [onlySize, ...onlyLayers] = Deno.args;
for (const size of onlySize ? [onlySize] : ["128x32", "224x8", "80x96x80x4"]) {
  const { title, layers } = layersOf(size);
  let table: Promise<void> | undefined;
  Deno.bench(
    `convolutions of ${title}`,
    { n: 1, warmup: 0 },
    async () => await (table ??= printTable(title, layers, onlyLayers)),
  );
}

async function printTable(
  title: string,
  all: readonly Layer[],
  names: readonly string[],
): Promise<void> {
  const device = await openDevice();
  const layers = all.filter(({ name }) => names.length === 0 || names.includes(name));
  const software = device.class === "software";
  const gemm = software ? 768 : 4096;
  const torch = await torchTimes(layers, gemm);
  console.log(
    `${device.summary}; ${title}; ` +
      (torch ? `PyTorch ${torch.version}` : "no PyTorch"),
  );
  console.log(
    "layer, how often; then for each pass: ms, GF, GF*, PyTorch's ms / ours by the clock (by processor time)",
  );
  const rate = (work: number, ms: number) => (work / ms / 1e6).toFixed(0);
  const total: Record<Pass, number> = { forward: 0, data: 0, weights: 0 };
  let torchTotal = 0;
  for (const { name, count, shape } of layers) {
    const row: string[] = [];
    for (const pass of passes) {
      if (name === "conv1" && pass === "data") continue;
      const { clock, processor } = await timePass(device, shape, pass);
      total[pass] += processor * count;
      const peer = torch?.[name][pass];
      torchTotal += (peer?.processor ?? 0) * count;
      const work = flops(shape);
      const ratio = peer
        ? ` ${(peer.clock / clock).toFixed(2)} (${(peer.processor / processor).toFixed(2)})`
        : "";
      row.push(
        `${pass} ${clock.toFixed(1)} ${rate(work, clock)} ${rate(work, processor)}${ratio}`,
      );
    }
    console.log(`${name.padEnd(20)} ${count}  ${row.join("  |  ")}`);
  }
  const sum = total.forward + total.data + total.weights;
  console.log(
    `convolutions of a step: ${sum.toFixed(0)} ms of ${
      software ? "processor time" : "the GPU's clock"
    } ` +
      `(${passes.map((pass) => `${pass} ${total[pass].toFixed(0)}`).join(", ")})` +
      (torch ? `; PyTorch ${torchTotal.toFixed(0)} ms` : ""),
  );
  const square = linearShape(gemm, gemm, gemm);
  const product = await timePass(device, square, "forward");
  console.log(
    `matrix product ${gemm}^3, packing included: ${rate(flops(square), product.clock)} GF, ` +
      `${rate(flops(square), product.processor)} GF*` +
      (torch
        ? `; PyTorch ${rate(flops(square), torch.gemm.clock)} GF, ${
          rate(flops(square), torch.gemm.processor)
        } GF*`
        : ""),
  );
  device.destroy();
}
