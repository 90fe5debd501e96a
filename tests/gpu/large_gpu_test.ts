/**
 * A training step fills a large GPU (an H200 has 132 multiprocessors) and keeps no lane waiting for one
 * load after the other. By recorded plans, since tests have no such GPU.
 */
import { assert, assertEquals } from "@std/assert";
import type { NetworkName } from "../../src/nn/names.ts";
import type { InputShape } from "../../src/nn/network.ts";
import { createNetwork } from "../../src/nn/networks/mod.ts";
import { bytesInFlight } from "./modelled_step.ts";
import {
  type RecordedDispatch,
  recordInference,
  recordTraining,
  trainingOf,
} from "./recorded_plan.ts";

const steps: readonly [NetworkName, InputShape, batch: number][] = [
  ["resnet18", [3, 224, 224], 64],
  ["resnet18", [3, 128, 128], 32],
  ["resnet18", [3, 128, 128], 8],
  ["resnet18", [3, 64, 64], 16],
  ["Conv5_FC3", [1, 128, 128], 32],
  ["Conv5_FC3", [3, 208, 179], 32],
  ["Conv5_FC3", [1, 169, 208, 179], 2],
  ["Conv5_FC3", [1, 80, 96, 80], 4],
  ["ResNet3D", [1, 64, 64, 64], 2],
];

const plans = new Map<string, RecordedDispatch[]>();

/** The plan of a step of one network, recorded once. */
function planOf(...[name, input, batch]: (typeof steps)[number]): RecordedDispatch[] {
  const key = `${name} ${input} ${batch}`;
  const plan = plans.get(key) ?? recordTraining(trainingOf([createNetwork(name, input, 2)], batch));
  plans.set(key, plan);
  return plan;
}

const product = (counts: readonly number[]) => counts.reduce((all, count) => all * count, 1);

/** Tiles that a matrix product's workgroup reduces one after the other; undefined for other kernels. */
function tilesOf({ entry, params, constants }: RecordedDispatch): number | undefined {
  if (entry === "conv/implicit_gemm.main") return params.slice_entries / 4;
  if (entry === "conv/implicit_gemm_weight_gradient.main") {
    return params.slice_pixels / Number(constants.DEPTH);
  }
}

/** Loads of a lane of which each waits for the one before, where a loop runs over data. */
const turns: Readonly<Record<string, (dispatch: RecordedDispatch) => number>> = {
  "conv/bias_gradient.sum_slices": ({ params }) =>
    params.images * Math.ceil(params.pixels / params.slices),
  "conv/bias_gradient.sum_partials": ({ params, constants }) =>
    params.partials / Number(constants.MERGE_LANES),
  "conv/sum_partials.main": ({ params, constants }) =>
    params.slices / Number(constants.SLICE_LANES),
  "batch_norm/moments.statistics": ({ params, constants }) =>
    params.images * Math.ceil(params.span / Number(constants.LANES)),
  "batch_norm/backward.sums": ({ params, constants }) =>
    params.images * Math.ceil(params.span / Number(constants.LANES)),
  "batch_norm/moments.merge_statistics": ({ params, constants }) =>
    params.parts / Number(constants.MERGE_LANES),
  "batch_norm/backward.merge_sums": ({ params, constants }) =>
    params.parts / Number(constants.MERGE_LANES),
  "pool.adaptive_forward": ({ constants }) =>
    ["DEPTH", "HEIGHT", "WIDTH"].reduce(
      (cells, axis) =>
        cells * Math.ceil(Number(constants[`IN_${axis}`]) / Number(constants[`OUT_${axis}`])),
      1,
    ),
  "loss.cross_entropy": ({ constants, bytes }) =>
    Math.ceil(bytes.logits / 4 / Number(constants.ROW) / Number(constants.LANES)) *
    Number(constants.OUTPUTS),
};

/** Kernels whose lanes read a few elements each, or a window of at most 3 x 3 x 3 of them. */
const brief: ReadonlySet<string> = new Set([
  "activation.add",
  "activation.backward",
  "activation.forward",
  "batch_norm/backward.normalize",
  "batch_norm/normalize.main",
  "conv/fold_taps.fold_input",
  "conv/fold_taps.fold_weights",
  "conv/fold_taps.unfold_gradient",
  "gather.gather",
  "optimizer.update",
  "pool.adaptive_backward",
  "pool.max_backward",
  "pool.max_forward",
  "random.dropout",
]);

for (const [name, input, batch] of steps) {
  Deno.test(`a step of ${name} on ${batch} inputs of ${input.join("x")} fills a large GPU`, () => {
    const dispatches = planOf(name, input, batch);
    const products = dispatches.filter((dispatch) => tilesOf(dispatch) !== undefined);
    assert(products.length > 10);
    const idle = products.filter((dispatch) =>
      product(dispatch.workgroups) < 264 && tilesOf(dispatch)! > 8
    );
    assertEquals(idle.map(({ label, workgroups }) => [label, workgroups]), []);
    const waiting = dispatches.flatMap((dispatch) => {
      const loads = turns[dispatch.entry]?.(dispatch) ?? 0;
      return loads <= 64 ? [] : [[dispatch.entry, dispatch.label, loads]];
    });
    assertEquals(waiting, []);
    const others = dispatches.filter((dispatch) =>
      tilesOf(dispatch) === undefined && !(dispatch.entry in turns) && !brief.has(dispatch.entry)
    );
    assertEquals(others.map(({ entry }) => entry), []);
  });

  Deno.test(`a step of ${name} on ${batch} inputs of ${input.join("x")} asks for 3 MB before it waits for one`, () => {
    const dispatches = planOf(name, input, batch);
    const reductions = dispatches.filter((dispatch) => Number.isFinite(bytesInFlight(dispatch)));
    assert(reductions.length >= 10);
    const waiting = reductions.filter((dispatch) =>
      bytesInFlight(dispatch) < Math.min(3e6, dispatch.bytes.x)
    );
    assertEquals(waiting.map(({ entry, label }) => [entry, label]), []);
  });

  // A fold turns the taps along x of a first layer of one channel into channels: it is arithmetic.
  Deno.test(`a step of ${name} on ${batch} inputs of ${input.join("x")} packs no weights`, () => {
    const dispatches = planOf(name, input, batch);
    const readers = dispatches.filter(({ entry, bytes }) =>
      "weights" in bytes && entry !== "loss.cross_entropy"
    );
    const others = readers.filter(({ entry }) => entry !== "conv/implicit_gemm.main");
    assertEquals(
      others.map(({ entry }) => entry),
      others.slice(0, 1).map(() => "conv/fold_taps.fold_weights"),
    );
  });
}

for (const [name, input, batch] of steps.filter(([name]) => name === "resnet18")) {
  Deno.test(`a step of ${name} on ${batch} inputs of ${input.join("x")} is at most 220 dispatches and the sums of split reductions`, () => {
    const dispatches = planOf(name, input, batch);
    const sums = dispatches.filter(({ entry }) => entry === "conv/sum_partials.main");
    assert(dispatches.length - sums.length <= 220, `${dispatches.length - sums.length}`);
    // One a split convolution.
    assertEquals(new Set(sums.map(({ label }) => label)).size, sums.length);
  });
}

for (const [name, input, batch] of steps) {
  Deno.test(`three networks ${name} on ${batch} inputs of ${input.join("x")} take the dispatches of one`, () => {
    const three = Array.from({ length: 3 }, () => createNetwork(name, input, 2));
    for (const record of [recordTraining, recordInference]) {
      const alone = record(trainingOf(three.slice(0, 1), batch));
      const together = record(trainingOf(three, batch));
      assertEquals(together.map(({ label }) => label), alone.map(({ label }) => label));
      together.forEach(({ workgroups }, i) => {
        assertEquals(product(workgroups), 3 * product(alone[i].workgroups));
      });
    }
  });
}
