/**
 * Convolutions of ResNet-18 in all three passes, beside a plain shader and, where Python has torch,
 * PyTorch's own on two threads.
 *
 *   LP_NATIVE_VECTOR_WIDTH=512 deno bench -A tests/kernels/conv/conv_bench.ts [-- 224x8 [layer ...]]
 *
 * `GF` is useful GFLOP/s by the clock; `GF*` counts processor time instead of the clock's, on both
 * cores, which other work on the machine disturbs less.
 */
import {
  conv2dBackwardData,
  conv2dBackwardWeights,
  conv2dForward,
  conv2dOutput,
  type Conv2dShape,
  linearShape,
  weightShape,
} from "../../../kernels/conv/mod.ts";
import { tiledCount } from "../../../kernels/conv/weight_layout.ts";
import { type Device, openDevice } from "../../../src/gpu/device.ts";
import { ProgramBuilder } from "../../../src/gpu/program.ts";

interface Layer {
  name: string;
  /** How often ResNet-18 has it. */
  count: number;
  shape: Conv2dShape;
}

/** Distinct convolutions of ResNet-18 for square input. */
export function resnetLayers(images: number, side: number): Layer[] {
  const conv = (
    name: string,
    count: number,
    channels: number,
    outChannels: number,
    size: number,
    kernel: number,
    stride: number,
  ): Layer => ({
    name,
    count,
    shape: {
      images,
      channels,
      height: size,
      width: size,
      outChannels,
      kernel: [kernel, kernel],
      stride: [stride, stride],
      padding: [kernel >> 1, kernel >> 1],
    },
  });
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

export const passes = ["forward", "data", "weights"] as const;
export type Pass = typeof passes[number];

/** Milliseconds of one pass of one layer, by the clock and by processor time over two cores. */
export async function timePass(
  device: Device,
  shape: Conv2dShape,
  pass: Pass,
): Promise<Times> {
  const [height, width] = conv2dOutput(shape);
  const { images, channels, outChannels } = shape;
  const inBytes = images * Math.ceil(channels / 4) * 16 * shape.height * shape.width;
  const outBytes = images * Math.ceil(outChannels / 4) * 16 * height * width;
  const input = device.buffer("input", noise(inBytes / 4));
  const outGradient = device.buffer("output gradient", noise(outBytes / 4));
  const weights = device.buffer("weights", noise(tiledCount(weightShape(shape))));
  const into = device.buffer("result", Math.max(inBytes, outBytes, weights.bytes));
  const program = new ProgramBuilder(device, pass);
  if (pass === "forward") {
    conv2dForward(program, { input, weights, output: into, shape });
  } else if (pass === "data") {
    conv2dBackwardData(program, { outGradient, weights, inGradient: into, shape });
  } else {
    conv2dBackwardWeights(program, { input, outGradient, weightGradient: into, shape });
  }
  const built = await program.build();
  const run = async (times: number) => {
    const start = performance.now(), before = processorTime();
    for (let i = 0; i < times; i++) built.run();
    await device.gpu.queue.onSubmittedWorkDone();
    return { clock: performance.now() - start, processor: (processorTime() - before) / 2 };
  };
  await run(1);
  const times = Math.max(1, Math.ceil(250 / (await run(1)).clock));
  const measured = [await run(times), await run(times), await run(times)];
  for (const buffer of [input, outGradient, weights, into]) device.free(buffer);
  const median = (values: number[]) => values.sort((a, b) => a - b)[1] / times;
  return {
    clock: median(measured.map((m) => m.clock)),
    processor: median(measured.map((m) => m.processor)),
  };
}

/** Useful multiply-adds of a pass, times two. */
export function flops({ images, channels, outChannels, kernel, ...rest }: Conv2dShape): number {
  const [height, width] = conv2dOutput({ images, channels, outChannels, kernel, ...rest });
  return 2 * images * height * width * outChannels * channels * kernel[0] * kernel[1];
}

function noise(length: number): Float32Array<ArrayBuffer> {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Milliseconds of processor time of all threads of this process (Linux). */
function processorTime(): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    try {
      const [spent] = Deno.readTextFileSync(`/proc/self/task/${name}/schedstat`).split(" ");
      nanoseconds += Number(spent);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return nanoseconds / 1e6;
}

/** One invocation an output, everything in storage buffers: what a first attempt looks like. */
const plainShader = `
  override C: u32; override K: u32; override H: u32; override W: u32;
  @group(0) @binding(0) var<storage, read> x: array<f32>;
  @group(0) @binding(1) var<storage, read> w: array<f32>;
  @group(0) @binding(2) var<storage, read_write> y: array<f32>;
  @compute @workgroup_size(64)
  fn main(@builtin(global_invocation_id) id: vec3u) {
    let i = id.x;
    let q = i32(i % W);
    let p = i32(i / W % H);
    let k = i / (W * H) % K;
    let n = i / (W * H * K);
    var sum = 0.0;
    for (var c = 0u; c < C; c++) {
      for (var r = 0; r < 3; r++) {
        for (var s = 0; s < 3; s++) {
          let row = p + r - 1;
          let column = q + s - 1;
          if (row >= 0 && row < i32(H) && column >= 0 && column < i32(W)) {
            sum += x[((n * C + c) * H + u32(row)) * W + u32(column)] *
              w[((k * C + c) * 3u + u32(r)) * 3u + u32(s)];
          }
        }
      }
    }
    y[i] = sum;
  }`;

/** Milliseconds of a 3 x 3 layer of stride 1 by a plain shader. */
async function timePlain(device: Device, shape: Conv2dShape): Promise<number> {
  const { gpu } = device;
  const { images, channels: C, outChannels: K, height: H, width: W } = shape;
  const pipeline = gpu.createComputePipeline({
    layout: "auto",
    compute: { module: gpu.createShaderModule({ code: plainShader }), constants: { C, K, H, W } },
  });
  const floats = [images * C * H * W, K * C * 9, images * K * H * W];
  const buffers = floats.map((count) => device.buffer("plain", count * 4));
  const group = gpu.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer: buffer.gpu } })),
  });
  const run = async () => {
    const start = performance.now();
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(floats[2] / 64);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    await gpu.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
  await run();
  const milliseconds = await run();
  for (const buffer of buffers) device.free(buffer);
  return milliseconds;
}

interface Times {
  /** Milliseconds by the clock. */
  clock: number;
  /** Milliseconds of processor time over two cores. */
  processor: number;
}

type TorchTimes = Record<string, Record<Pass, Times>> & { gemm: Times; version: string };

/** PyTorch's times of the same layers, or undefined where Python has no torch. */
async function torchTimes(layers: readonly Layer[], gemm: number): Promise<TorchTimes | undefined> {
  const python = new Deno.Command(Deno.env.get("GYRUS_PYTHON") ?? "/usr/bin/python3", {
    args: [new URL("conv_torch.py", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = python.stdin.getWriter();
  const rows = layers.map(({ name, shape: s }) => [
    ...[name, s.images, s.channels, s.height, s.width, s.outChannels],
    ...[s.kernel[0], s.stride[0], s.padding[0]],
  ]);
  await writer.write(new TextEncoder().encode(JSON.stringify({ layers: rows, gemm })));
  await writer.close();
  const { success, stdout } = await python.output();
  return success ? JSON.parse(new TextDecoder().decode(stdout)) : undefined;
}

const [onlySize, ...onlyLayers] = Deno.args;
for (const size of onlySize ? [onlySize] : ["128x32", "224x8"]) {
  const [side, images] = size.split("x").map(Number);
  let table: Promise<void> | undefined;
  Deno.bench(
    `ResNet-18's convolutions, ${images} images of 3x${side}x${side}`,
    { n: 1, warmup: 0 },
    async () => await (table ??= printTable(side, images, onlyLayers)),
  );
}

async function printTable(side: number, images: number, names: readonly string[]): Promise<void> {
  const device = await openDevice();
  const layers = resnetLayers(images, side)
    .filter(({ name }) => names.length === 0 || names.includes(name));
  const gemm = device.class === "software" ? 768 : 4096;
  const torch = await torchTimes(layers, gemm);
  console.log(
    `${device.summary}; ResNet-18, ${images} images of 3x${side}x${side}; ` +
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
    `convolutions of a step: ${sum.toFixed(0)} ms of processor time ` +
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
  const plain = resnetLayers(2, side).find(({ name }) => name === "layer1")!.shape;
  console.log(`plain shader, layer1: ${rate(flops(plain), await timePlain(device, plain))} GF`);
  device.destroy();
}
