/**
 * Models the time of a training step on a large GPU from its recorded plan. It is a model, no
 * measurement: a matrix product takes the issue slots that its inner loop compiles to, everything else
 * the bytes that it moves or the loads that its lanes wait for, and each dispatch waits for the one
 * before.
 *
 *     deno run -A tests/gpu/modelled_step.ts resnet18 3x128x128 32 [h200|rx6800 [NETWORKS]]
 */
import type { InputShape } from "../../src/nn/network.ts";
import { createNetwork } from "../../src/nn/networks/mod.ts";
import { type RecordedDispatch, recordTraining, trainingOf } from "./recorded_plan.ts";

interface Gpu {
  /** Multiprocessors or compute units, fused multiply-adds a clock of each, and clocks a second. */
  units: number;
  lanes: number;
  clock: number;
  /** Invocations that are scheduled together, and schedulers of a unit. */
  warp: number;
  schedulers: number;
  /** Bytes a second, of the memory's peak. */
  bandwidth: number;
  /**
   * Seconds between dependent dispatches, of the shortest dispatch, of a load that is waited for, and of one where
   * the memory is busy.
   */
  gap: number;
  shortest: number;
  load: number;
  busyLoad: number;
  /** Of convolutions, by the channels of their tile. */
  convolution: Readonly<Record<number, Loop & { several: number }>>;
  /** Of weight gradients, by the output channels of their tile. */
  weightGradient: Readonly<Record<number, Loop>>;
}

interface Loop {
  /** Issue slots of a warp for a turn of the inner loop; `several` where its entries have several taps. */
  slots: number;
  /** Workgroups that a unit holds by their registers. */
  resident: number;
}

// Registers and slots as ptxas (sm_90) and Mesa's RADV (RDNA 2) compile the kernels.
const gpus: Readonly<Record<string, Gpu>> = {
  h200: {
    units: 132,
    lanes: 128,
    clock: 1.98e9,
    warp: 32,
    schedulers: 4,
    bandwidth: 0.85 * 4.8e12,
    gap: 2.5e-6,
    shortest: 4e-6,
    load: 280e-9,
    busyLoad: 600e-9,
    convolution: {
      8: { slots: 273, several: 451, resident: 10 },
      16: { slots: 395, several: 573, resident: 8 },
      32: { slots: 689, several: 849, resident: 6 },
      64: { slots: 1252, several: 1443, resident: 2 },
    },
    weightGradient: {
      16: { slots: 743, resident: 10 },
      32: { slots: 698, resident: 12 },
      64: { slots: 1284, resident: 5 },
    },
  },
  rx6800: {
    units: 60,
    lanes: 64,
    clock: 2.1e9,
    warp: 64,
    schedulers: 2,
    bandwidth: 0.85 * 512e9,
    gap: 5e-6,
    shortest: 6e-6,
    load: 350e-9,
    busyLoad: 600e-9,
    convolution: {
      8: { slots: 416, several: 594, resident: 28 },
      16: { slots: 683, several: 837, resident: 28 },
      32: { slots: 1234, several: 1382, resident: 20 },
      64: { slots: 2256, several: 2426, resident: 6 },
    },
    weightGradient: {
      16: { slots: 1436, resident: 12 },
      32: { slots: 1325, resident: 12 },
      64: { slots: 2378, resident: 12 },
    },
  },
};

const product = (counts: readonly number[]) => counts.reduce((all, count) => all * count, 1);

/** Seconds of workgroups that each take `turns` of the inner loop, as many at a time as fit a unit. */
function productSeconds(
  gpu: Gpu,
  { workgroups, turns, slots, warps, resident }: {
    workgroups: number;
    turns: number;
    slots: number;
    warps: number;
    resident: number;
  },
): number {
  const clocks = (together: number) => {
    const each = together * warps / gpu.schedulers;
    if (each === 0) return 0;
    // One warp a scheduler does not hide the latency of its loads.
    const stall = each >= 2 ? 1.1 : 1.45;
    return turns * slots * Math.max(1, Math.ceil(each)) * stall + 3000;
  };
  const perUnit = Math.ceil(workgroups / gpu.units);
  const rounds = Math.floor(perUnit / resident);
  return (rounds * clocks(resident) + clocks(perUnit % resident)) / gpu.clock;
}

/** Loads of a lane of which each waits for the one before. */
function waits({ entry, params, constants }: RecordedDispatch): number {
  const merged = Number(constants.MERGE_LANES);
  if (entry === "conv/bias_gradient.sum_slices") {
    return params.images * Math.ceil(params.pixels / params.slices);
  }
  if (entry === "conv/bias_gradient.sum_partials") {
    return params.partials / merged + Math.log2(merged);
  }
  if (/^batch_norm.*merge/.test(entry)) return params.parts / merged + Math.log2(merged);
  if (entry === "conv/sum_partials.main") return params.slices / Number(constants.SLICE_LANES);
  return 0;
}

/** Bytes that the lanes of a reduction over pixels ask for before they wait; no limit to other dispatches. */
export function bytesInFlight({ entry, constants, workgroups }: RecordedDispatch): number {
  const vectors = entry === "batch_norm/moments.statistics"
    ? 4
    : entry === "batch_norm/backward.sums"
    ? 2 * Number(constants.TOGETHER)
    : Infinity;
  return product(workgroups) * Number(constants.LANES ?? 1) * vectors * 16;
}

/** Seconds of a dispatch, with the wait for the one before. */
function seconds(gpu: Gpu, dispatch: RecordedDispatch): number {
  const { entry, params, constants, workgroups, bytes } = dispatch;
  const moved = Object.entries(bytes).reduce(
    (sum, [name, count]) => name === "params" || name === "running" ? sum : sum + count,
    0,
  );
  const moving = moved / Math.min(gpu.bandwidth, bytesInFlight(dispatch) / gpu.busyLoad);
  const count = product(workgroups);
  if (entry === "conv/implicit_gemm.main") {
    const [pixels, channels, each] = ["TILE_PIXELS", "TILE_CHANNELS", "LANE_PIXELS"]
      .map((name) => Number(constants[name]));
    const { slots, several, resident } = gpu.convolution[channels];
    return gpu.gap + Math.max(
      moving,
      productSeconds(gpu, {
        workgroups: count,
        turns: Math.ceil(params.slice_entries / 4) + 1,
        slots: constants.ALIGNED ? slots : several,
        warps: Math.max(1, Math.floor(pixels * channels / (8 * each) / gpu.warp)),
        resident,
      }),
    );
  }
  if (entry === "conv/implicit_gemm_weight_gradient.main") {
    const blocks = Number(constants.TILE_BLOCKS);
    const { slots, resident } = gpu.weightGradient[4 * blocks];
    return gpu.gap + Math.max(
      moving,
      productSeconds(gpu, {
        workgroups: count,
        turns: Math.ceil(params.slice_pixels / Number(constants.DEPTH)) + 1,
        slots,
        warps: Math.max(1, Math.floor(blocks * Number(constants.TILE_COLUMNS) / 4 / gpu.warp)),
        resident,
      }),
    );
  }
  const waiting = waits(dispatch) * gpu.load;
  return gpu.gap + Math.max(moving + 1e-6, gpu.shortest - gpu.gap, waiting);
}

/** A dispatch of `count` networks with the bytes of their parts, and not of what lies between these. */
function withoutGaps(
  dispatch: RecordedDispatch,
  alone: RecordedDispatch,
  count: number,
): RecordedDispatch {
  const bytes = Object.entries(dispatch.bytes).map(([name, all]): [string, number] => {
    const one = alone.bytes[name] ?? all;
    return [name, all === one ? one : count * one];
  });
  return { ...dispatch, bytes: Object.fromEntries(bytes) };
}

if (import.meta.main) {
  const [name, size, batch, gpu = "h200", count = "1"] = Deno.args;
  const input = size.split("x").map(Number) as unknown as InputShape;
  const networks = Array.from(
    { length: Number(count) },
    () => createNetwork(name, input, 2),
  );
  const alone = recordTraining(trainingOf(networks.slice(0, 1), Number(batch)));
  const dispatches = recordTraining(trainingOf(networks, Number(batch)))
    .map((dispatch, i) => withoutGaps(dispatch, alone[i], networks.length));
  const totals = new Map<string, { count: number; seconds: number }>();
  for (const dispatch of dispatches) {
    const total = totals.get(dispatch.entry) ?? { count: 0, seconds: 0 };
    total.count++;
    total.seconds += seconds(gpus[gpu], dispatch);
    totals.set(dispatch.entry, total);
  }
  const all = [...totals.values()].reduce((sum, total) => sum + total.seconds, 0);
  const milliseconds = (value: number) => (value * 1e3).toFixed(2);
  console.log(
    `${count} x ${name} on ${size}, batch ${batch}, ${gpu}: ${
      milliseconds(all)
    } ms, ${dispatches.length} dispatches`,
  );
  for (const [entry, total] of [...totals].sort(([, a], [, b]) => b.seconds - a.seconds)) {
    console.log(`  ${milliseconds(total.seconds).padStart(7)} ms  ${total.count} x ${entry}`);
  }
}
