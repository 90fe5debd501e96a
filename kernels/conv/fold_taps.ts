/**
 * Convolutions of volumes with one channel and of images whose channels are copies of one, such as the
 * first layer of a network: the taps along x become channels, so that a vec4 holds up to four different
 * numbers in place of one.
 */
import { defineKernel } from "../../src/gpu/kernel.ts";
import {
  type Operand,
  type PlannedTensor,
  type ProgramBuilder,
  storageOf,
} from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { flatGrid, laneCount, planeGrid } from "../tensors.ts";
import source from "./fold_taps.wgsl" with { type: "text" };
import {
  convInput,
  convOutput,
  type ConvShape,
  inputBlocks,
  isVolume,
  volume,
  type WeightGradient,
  weightShape,
} from "./shape.ts";
import { tiledCount } from "./weight_layout.ts";

const foldKernel = defineKernel({
  name: "conv/fold_taps",
  source,
  constants: ["LANES", "CHUNK", "CHANNELS", "ACCUMULATE"],
  params: {
    images: "u32",
    image_rows: "u32",
    in_width: "u32",
    out_width: "u32",
    blocks: "u32",
    taps_x: "u32",
    stride_x: "u32",
    pad_x: "u32",
    out_blocks: "u32",
    tap_rows: "u32",
  },
  entries: {
    fold_input: { params: "uniform", input: "read", folded_input: "read_write" },
    fold_weights: { params: "uniform", weights: "read", folded_weights: "read_write" },
    unfold_gradient: { params: "uniform", folded_gradient: "read", gradient: "read_write" },
  },
});

/** Whether to fold taps: images of one channel are left as they are, so that their results are too. */
export function foldsTaps(shape: ConvShape): boolean {
  const { channels, kernel, positions = 1, repeated = false } = shape;
  const single = repeated ? channels <= 4 : isVolume(shape) && channels === 1;
  return single && positions === 1 && kernel[2] > 1;
}

/** The shape of the same convolution over the folded input. */
export function foldedShape(shape: ConvShape): ConvShape {
  const { kernel, stride, padding } = shape;
  return {
    ...shape,
    channels: kernel[2],
    repeated: false,
    width: convOutput(shape)[2],
    kernel: [kernel[0], kernel[1], 1],
    stride: [stride[0], stride[1], 1],
    padding: [padding[0], padding[1], 0],
  };
}

/** The input of the folded convolution, `[N][ceil(S/4)][D][H][Q][4]`. */
export function foldInput(
  program: ProgramBuilder,
  { input, shape, label }: { input: Operand; shape: ConvShape; label: string },
): PlannedTensor {
  const folded = foldedShape(shape);
  const count = shape.images * inputBlocks(folded) * volume(convInput(folded));
  const to = program.tensor(`${label} folded input`, count * 16, storageOf(input));
  const { constants, params } = dispatchOf(program, shape, count);
  const [depth, height, width] = convInput(folded);
  const { images: batch, channels } = folded;
  const plane = { batch, channels, depth, height, width };
  const { chunk, workgroups } = planeGrid(program.device, plane, constants.LANES);
  program.dispatch(foldKernel, "fold_input", {
    constants: { ...constants, CHUNK: chunk },
    bindings: { params, input, folded_input: to },
    workgroups,
    label: `${label}: fold input`,
  });
  return to;
}

/** The weights of the folded convolution; those of repeated channels are added. */
export function foldWeights(
  program: ProgramBuilder,
  { weights, shape, label }: { weights: Operand; shape: ConvShape; label: string },
): PlannedTensor {
  const count = tiledCount(weightShape(foldedShape(shape))) / 4;
  const to = program.tensor(`${label} folded weights`, count * 16);
  const { constants, params, workgroups } = dispatchOf(program, shape, count);
  program.dispatch(foldKernel, "fold_weights", {
    constants,
    bindings: { params, weights, folded_weights: to },
    workgroups,
    label: `${label}: fold weights`,
  });
  return to;
}

/**
 * dW of the convolution from that of the folded one.
 *
 * @param input what {@link foldInput} made
 * @param record records the weight gradient of the folded convolution
 */
export function unfoldGradient(
  program: ProgramBuilder,
  work: WeightGradient,
  input: Operand,
  record: (folded: WeightGradient) => void,
): void {
  const { shape, label, accumulate, weightGradient } = work;
  const folded = foldedShape(shape);
  const gradient = program.tensor(`${label} folded`, tiledCount(weightShape(folded)) * 4);
  record({
    ...work,
    input,
    weightGradient: gradient,
    shape: folded,
    accumulate: false,
  });
  const count = tiledCount(weightShape(shape)) / 4;
  const { constants, params, workgroups } = dispatchOf(program, shape, count);
  program.dispatch(foldKernel, "unfold_gradient", {
    constants: { ...constants, ACCUMULATE: accumulate },
    bindings: { params, folded_gradient: gradient, gradient: weightGradient },
    workgroups,
    label: `${label}: unfold`,
  });
}

/** What every dispatch over `count` vec4s has in common. */
function dispatchOf(program: ProgramBuilder, shape: ConvShape, count: number) {
  const lanes = laneCount(program.device);
  const folded = foldedShape(shape);
  const params = fixedParams(program.device, foldKernel, {
    images: shape.images,
    image_rows: shape.depth * shape.height,
    in_width: shape.width,
    out_width: folded.width,
    blocks: inputBlocks(folded),
    taps_x: shape.kernel[2],
    stride_x: shape.stride[2],
    pad_x: shape.padding[2],
    out_blocks: Math.ceil(shape.outChannels / 4),
    tap_rows: volume(folded.kernel),
  });
  return {
    constants: { LANES: lanes, CHANNELS: shape.channels },
    params,
    workgroups: flatGrid(program.device, count, lanes),
  };
}
