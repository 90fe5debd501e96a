/** The intensity at the border of items. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { laneCount } from "../tensors.ts";
import source from "./border.wgsl" with { type: "text" };
import { extentConstants, type ItemsShape } from "./grid.ts";
import { reduceSamples } from "./reduce.ts";

const border = defineKernel({
  name: "augment/border",
  source,
  constants: ["LANES", "DEPTH", "HEIGHT", "WIDTH", "VOLUME", "COUNT", "OTSU"],
  entries: {
    collect: { x: "read", border_out: "read_write" },
    count: { border_in: "read", least: "read", largest: "read", histogram_out: "read_write" },
    threshold: {
      histogram_in: "read",
      least: "read",
      largest: "read",
      thresholds_out: "read_write",
    },
    divide: {
      border_in: "read",
      thresholds_in: "read",
      below: "read_write",
      is_below: "read_write",
    },
    mean: { sums: "read", sum_below: "read", count_below: "read", means: "read_write" },
  },
});

/** Of the histogram: BINS of the kernel. */
const BINS = 128;

/**
 * y `[batch]` = the mean of the outermost pixels of each sample of x, those of an edge as often as faces
 * meet there; with `otsu` of those below their Otsu threshold, or of all where none is.
 */
export function borderMeans(
  program: ProgramBuilder,
  { kind, shape, x, y }: { kind: "mean" | "otsu"; shape: ItemsShape; x: Operand; y: Operand },
): void {
  const LANES = laneCount(program.device);
  const { batch, depth, height, width } = shape;
  const isVolume = depth > 1;
  const COUNT = 2 * ((isVolume ? height * width : 0) + depth * width + depth * height);
  const constants = {
    LANES,
    ...extentConstants(shape),
    VOLUME: isVolume,
    COUNT,
    OTSU: kind === "otsu",
  };
  type Groups = [number, number, number];
  const each: Groups = [Math.ceil(COUNT / LANES), 1, batch];
  const once: Groups = [1, 1, batch];
  const label = "border";
  const tensor = (name: string, bytes: number) => program.tensor(name, batch * bytes);
  const reduced = (kind: "least" | "largest" | "sum", values: Operand) => {
    const result = tensor(`${kind} of the border`, 4);
    reduceSamples(program, { kind, x: values, y: result, batch, count: COUNT });
    return result;
  };
  const values = tensor("border", COUNT * 4);
  program.dispatch(border, "collect", {
    constants,
    bindings: { x, border_out: values },
    workgroups: each,
    label,
  });
  const sums = reduced("sum", values);
  const dark: { sum_below?: Operand; count_below?: Operand } = {};
  if (kind === "otsu") {
    const [least, largest] = [reduced("least", values), reduced("largest", values)];
    const histogram = tensor("histogram of the border", BINS * 4);
    program.clear(histogram);
    program.dispatch(border, "count", {
      constants,
      bindings: { border_in: values, least, largest, histogram_out: histogram },
      workgroups: each,
      label,
    });
    const thresholds = tensor("thresholds", 4);
    program.dispatch(border, "threshold", {
      constants,
      bindings: { histogram_in: histogram, least, largest, thresholds_out: thresholds },
      workgroups: once,
      label,
    });
    const [below, isBelow] = [tensor("dark border", COUNT * 4), tensor("is dark", COUNT * 4)];
    program.dispatch(border, "divide", {
      constants,
      bindings: { border_in: values, thresholds_in: thresholds, below, is_below: isBelow },
      workgroups: each,
      label,
    });
    dark.sum_below = reduced("sum", below);
    dark.count_below = reduced("sum", isBelow);
  }
  program.dispatch(border, "mean", {
    constants,
    bindings: { sums, ...dark, means: y },
    workgroups: once,
    label,
  });
}
