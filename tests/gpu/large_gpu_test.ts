/**
 * A training step fills a large GPU (an H200 has 132 multiprocessors) and keeps no lane waiting for one
 * load after the other. By recorded plans, since tests have no such GPU.
 */
import { assert, assertEquals } from "@std/assert";
import type { NetworkName } from "../../src/nn/names.ts";
import type { InputShape } from "../../src/nn/network.ts";
import { createNetwork } from "../../src/nn/networks/mod.ts";
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

const product = (counts: readonly number[]) => counts.reduce((all, count) => all * count, 1);

/** Tiles that a matrix product's workgroup reduces one after the other; undefined for other kernels. */
function tilesOf({ entry, params }: RecordedDispatch): number | undefined {
  if (entry === "conv/implicit_gemm.main") return params.slice_entries / 4;
  if (entry === "conv/implicit_gemm_weight_gradient.main") return params.slice_pixels / 16;
}

/** Loads of a lane of which each waits for the one before, where a loop runs over data. */
const turns: Readonly<Record<string, (dispatch: RecordedDispatch) => number>> = {
  "conv/bias_gradient.sum_slices": ({ params }) =>
    params.images * Math.ceil(params.pixels / params.slices),
  "conv/bias_gradient.sum_partials": ({ params, constants }) =>
    params.partials / Number(constants.MERGE_LANES),
  "conv/sum_partials.main": ({ params, constants }) =>
    params.slices / Number(constants.SLICE_LANES),
  "batch_norm.statistics": ({ params, constants }) =>
    params.images * Math.ceil(params.span / Number(constants.LANES)),
  "batch_norm.backward_sums": ({ params, constants }) =>
    params.images * Math.ceil(params.span / Number(constants.LANES)),
  "batch_norm.merge_statistics": ({ params, constants }) =>
    params.parts / Number(constants.MERGE_LANES),
  "batch_norm.merge_backward_sums": ({ params, constants }) =>
    params.parts / Number(constants.MERGE_LANES),
};

for (const [name, input, batch] of steps) {
  Deno.test(`a step of ${name} on ${batch} inputs of ${input.join("x")} fills a large GPU`, () => {
    const dispatches = recordTraining(trainingOf([createNetwork(name, input, 2)], batch));
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
    const looping = new Set(dispatches.map(({ entry }) => entry).filter((entry) => entry in turns));
    assert(looping.size >= 3);
  });
}

Deno.test("a step of ResNet-18 is at most 220 dispatches and the sums of split reductions", () => {
  const dispatches = recordTraining(trainingOf([createNetwork("resnet18", [3, 128, 128], 2)], 32));
  const sums = dispatches.filter(({ entry }) => entry === "conv/sum_partials.main");
  assert(dispatches.length - sums.length <= 220, `${dispatches.length - sums.length}`);
});

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
