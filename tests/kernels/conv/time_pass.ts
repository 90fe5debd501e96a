/** Times of one pass of one convolution. */
import {
  conv2dBackwardData,
  conv2dBackwardWeights,
  conv2dForward,
  conv2dOutput,
  type Conv2dShape,
  weightShape,
} from "../../../kernels/conv/mod.ts";
import {
  naiveBackwardData,
  naiveBackwardWeights,
  naiveForward,
} from "../../../kernels/conv/naive.ts";
import { tiledCount } from "../../../kernels/conv/weight_layout.ts";
import type { Device } from "../../../src/gpu/device.ts";
import { ProgramBuilder } from "../../../src/gpu/program.ts";
import { numbers } from "../on_device.ts";
import { timeProgram, type Times } from "../time_program.ts";

export const passes = ["forward", "data", "weights"] as const;
export type Pass = typeof passes[number];

/**
 * Times a pass by the device's table, or by the naive kernel.
 *
 * @param least milliseconds of one measurement
 */
export async function timePass(
  device: Device,
  shape: Conv2dShape,
  pass: Pass,
  { naive = false, least = 250 } = {},
): Promise<Times> {
  const [height, width] = conv2dOutput(shape);
  const { images, channels, outChannels } = shape;
  const inFloats = images * Math.ceil(channels / 4) * 4 * shape.height * shape.width;
  const outFloats = images * Math.ceil(outChannels / 4) * 4 * height * width;
  const weightFloats = tiledCount(weightShape(shape));
  const input = device.buffer("input", numbers(inFloats));
  const outGradient = device.buffer("output gradient", numbers(outFloats));
  const weights = device.buffer("weights", numbers(weightFloats));
  const bias = device.buffer("bias", outChannels * 4);
  const result = device.buffer("result", Math.max(inFloats, outFloats, weightFloats) * 4);
  const program = new ProgramBuilder(device, pass);
  if (pass === "forward") {
    const forward = naive ? naiveForward : conv2dForward;
    forward(program, { input, weights, bias, output: result, shape });
  } else if (pass === "data") {
    const backward = naive ? naiveBackwardData : conv2dBackwardData;
    backward(program, { outGradient, weights, inGradient: result, shape });
  } else {
    const backward = naive ? naiveBackwardWeights : conv2dBackwardWeights;
    backward(program, { input, outGradient, weightGradient: result, shape });
  }
  try {
    return await timeProgram(device, await program.build(), least);
  } finally {
    for (const buffer of [input, outGradient, weights, bias, result]) device.free(buffer);
  }
}

/** Useful multiply-adds of a pass, times two. */
export function flops(shape: Conv2dShape): number {
  const [height, width] = conv2dOutput(shape);
  const { images, channels, outChannels, kernel } = shape;
  return 2 * images * height * width * outChannels * channels * kernel[0] * kernel[1];
}
