/** Dropout and noise from counter-based random numbers, bit for bit those of `src/random.ts`. */
import { defineKernel } from "../src/gpu/kernel.ts";
import { type Operand, type ProgramBuilder, slice } from "../src/gpu/program.ts";
import source from "./random.wgsl" with { type: "text" };
import { itemsGrid, type ItemsShape } from "./augment/grid.ts";
import { flatGrid, laneCount, pixels } from "./tensors.ts";

const random = defineKernel({
  name: "random",
  source,
  constants: ["LANES", "PER_LANE", "STREAM", "DROPPED", "SCALE", "SAMPLE", "PIXELS", "CHUNK"],
  params: { step: "u32", seed: "u32" },
  entries: {
    dropout: { x: "read", y: "read_write", params: "uniform" },
    noise: { x: "read", y: "read_write", deviations: "read", params: "uniform" },
    item_noise: { item_noises: "read", items: "read_write" },
  },
});

function layout(program: ProgramBuilder, bytes: number) {
  const lanes = laneCount(program.device);
  const perLane = program.device.class === "software" ? 16 : 2;
  return {
    constants: { LANES: lanes, PER_LANE: perLane },
    workgroups: flatGrid(program.device, Math.ceil(bytes / 16 / perLane), lanes),
  };
}

/**
 * y = x / (1 - p) where a uniform number is at least p, 0 elsewhere. The gradient is the same call
 * with the gradients in place of x and y.
 */
export function dropout(
  program: ProgramBuilder,
  { x, y, bytes, probability, stream, params, label }: {
    x: Operand;
    y: Operand;
    bytes: number;
    probability: number;
    stream: number;
    params: Operand;
    label?: string;
  },
): void {
  const { constants, workgroups } = layout(program, bytes);
  program.dispatch(random, "dropout", {
    constants: {
      ...constants,
      STREAM: stream,
      DROPPED: probability,
      SCALE: probability < 1 ? 1 / (1 - probability) : 0,
    },
    bindings: { x, y: slice(y, 0, bytes), params },
    workgroups,
    label,
  });
}

/** y = x + N(0, deviation of the sample), one number a pixel for all channels. */
export function addNoise(
  program: ProgramBuilder,
  { x, y, deviations, batch, bytes, stream, params, label }: {
    x: Operand;
    y: Operand;
    deviations: Operand;
    batch: number;
    bytes: number;
    stream: number;
    params: Operand;
    label?: string;
  },
): void {
  const { constants, workgroups } = layout(program, bytes);
  program.dispatch(random, "noise", {
    constants: { ...constants, STREAM: stream, SAMPLE: bytes / 16 / batch },
    bindings: { x, y: slice(y, 0, bytes), deviations, params },
    workgroups,
    label,
  });
}

/** 32-bit words of one item's noise: mean, deviation (float32) and the two words of its key. */
export const itemNoiseWords = 4;

/**
 * y = y + N(mean, deviation), for items of one channel, in place.
 *
 * @param noises `[batch][itemNoiseWords]`; zeros leave an item as it is
 */
export function addItemNoise(
  program: ProgramBuilder,
  { shape, noises, y }: { shape: ItemsShape; noises: Operand; y: Operand },
): void {
  const pairs = { ...shape, depth: 1, height: 1, width: Math.ceil(pixels(shape) / 2) };
  const { constants, workgroups } = itemsGrid(program.device, pairs);
  program.dispatch(random, "item_noise", {
    constants: { ...constants, PIXELS: pixels(shape) },
    bindings: { item_noises: noises, items: y },
    workgroups,
    label: "noise",
  });
}
