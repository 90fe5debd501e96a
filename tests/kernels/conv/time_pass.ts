/** Times of one pass of one convolution. */
import {
  convBackwardData,
  convBackwardWeights,
  convForward,
  convOutput,
  type ConvShape,
  volume,
  weightShape,
} from "../../../kernels/conv/mod.ts";
import {
  naiveBackwardData,
  naiveBackwardWeights,
  naiveForward,
} from "../../../kernels/conv/naive.ts";
import { tiledCount } from "../../../kernels/conv/weight_layout.ts";
import { pixels } from "../../../kernels/tensors.ts";
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
  shape: ConvShape,
  pass: Pass,
  { naive = false, least = 250 } = {},
): Promise<Times> {
  const { images, channels, outChannels } = shape;
  const inFloats = images * Math.ceil(channels / 4) * 4 * pixels(shape);
  const outFloats = images * Math.ceil(outChannels / 4) * 4 * volume(convOutput(shape));
  const weightFloats = tiledCount(weightShape(shape));
  const input = device.buffer("input", numbers(inFloats));
  const outGradient = device.buffer("output gradient", numbers(outFloats));
  const weights = device.buffer("weights", numbers(weightFloats));
  const bias = device.buffer("bias", outChannels * 4);
  const result = device.buffer("result", Math.max(inFloats, outFloats, weightFloats) * 4);
  const program = new ProgramBuilder(device, pass);
  if (pass === "forward") {
    const forward = naive ? naiveForward : convForward;
    forward(program, { input, weights, bias, output: result, shape });
  } else if (pass === "data") {
    const backward = naive ? naiveBackwardData : convBackwardData;
    backward(program, { outGradient, weights, inGradient: result, shape });
  } else {
    const backward = naive ? naiveBackwardWeights : convBackwardWeights;
    backward(program, { input, outGradient, weightGradient: result, shape });
  }
  try {
    return await timeProgram(device, await program.build(), least);
  } finally {
    for (const buffer of [input, outGradient, weights, bias, result]) device.free(buffer);
  }
}

/** Useful multiply-adds of a pass, times two. */
export function flops(shape: ConvShape): number {
  const { images, channels, outChannels, kernel } = shape;
  return 2 * images * volume(convOutput(shape)) * outChannels * channels * volume(kernel);
}
