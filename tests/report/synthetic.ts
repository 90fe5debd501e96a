/** A report with nothing but learning curves, as many as needed. */
import type { ReportData } from "../../src/report/data.ts";

/** Losses fall and then rise again, a little later in each run. */
export function manyCurves(runs: number, epochs: number): ReportData {
  const layout = {
    width: 160,
    height: 70,
    boxes: [{ x: 80, y: 35, width: 148, height: 62 }],
    routes: [],
  };
  const series = Array.from({ length: runs }, (_, run) => {
    const loss = (shift: number) =>
      Array.from({ length: epochs }, (_, epoch) => {
        const value = Math.exp(-epoch / (10 + run / 10)) + shift * epoch / epochs +
          0.02 * Math.sin(epoch * (run + 3));
        return Number(value.toPrecision(5));
      });
    return {
      instance: `train[run=${run}]`,
      network: null,
      against: null,
      epochs: Array.from({ length: epochs }, (_, epoch) => epoch + 1),
      train: { loss: loss(0) },
      validation: { loss: loss(0.3) },
      chosen: { loss: Math.round(epochs / 3) },
    };
  });
  return {
    overview: {
      workflow: "many",
      description: null,
      run: "2026-01-01T00-00-00-000-000000",
      status: "done",
      started: "2026-01-01T00:00:00.000Z",
      finished: "2026-01-01T01:00:00.000Z",
      seconds: 3600,
      device: null,
      searches: [],
      notes: [],
    },
    graph: {
      nodes: [{ step: "train", kind: "train.classification" }],
      edges: [],
      wide: layout,
      tall: layout,
    },
    instances: series.map(({ instance }, run) => ({
      name: instance,
      step: "train",
      kind: "train.classification",
      version: 1,
      axes: { run },
      outcome: "done",
      seconds: 36,
      started: null,
      made: null,
      resumedFrom: null,
      fraction: null,
      message: null,
      key: null,
      reasons: [],
      params: [],
      inputs: [],
      outputs: [],
      device: null,
      log: [],
    })),
    curves: { metrics: ["loss"], series },
    evaluations: [],
    registrations: [],
    cohorts: [],
    samples: [],
    mistakes: null,
    reconstructions: [],
    attributions: [],
    runs: [],
    comparison: null,
    reproduce: {
      command: "gyrus run many.toml",
      sources: [],
      lock: null,
      versions: {},
      device: null,
    },
  };
}
