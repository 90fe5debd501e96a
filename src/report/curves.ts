/** Learning curves: from models that are finished, from progress for those in training. */
import { isBetter } from "../evaluation/selection.ts";
import { readTsv, type Table } from "../formats/tsv.ts";
import type { CurvesData, CurveSeries } from "./data.ts";
import type { RunArtifacts } from "./inputs.ts";
import { rounded } from "./rounding.ts";

/** Above it, only the loss and the selection metrics are shown. */
const MAX_NUMBERS = 300_000;
/** Evaluations that a curve shows; longer curves are thinned evenly, selected evaluations remain. */
const MAX_POINTS = 500;

const isTraining = (kind: string) => kind.startsWith("train.");

export async function learningCurves(artifacts: RunArtifacts): Promise<CurvesData> {
  const series: CurveSeries[] = [];
  const selecting = new Set<string>(["loss"]);
  for (const entry of artifacts.finished(isTraining)) {
    const model = artifacts.output(entry, "model");
    if (!model) continue;
    const metrics = [model.meta.selection_metrics ?? []].flat().map(String);
    metrics.forEach((metric) => selecting.add(metric));
    for (const { path } of model.files) {
      const match = path.match(/^(?:network-(\d+)\/)?training\.tsv$/);
      if (!match) continue;
      const table = readTsv(await model.read(path), `${entry.name} ${path}`);
      series.push({
        instance: entry.name,
        network: match[1] === undefined ? null : Number(match[1]),
        against: null,
        ...fromTable(table, metrics),
      });
    }
  }
  series.sort((a, b) => (a.network ?? 0) - (b.network ?? 0));
  series.push(...growing(artifacts));
  return trimmed(series, selecting);
}

type Points = Pick<CurveSeries, "epochs" | "train" | "validation" | "chosen">;

function fromTable({ columns, rows }: Table, selection: readonly string[]): Points {
  const values = new Map(columns.map((column, index) => [
    column,
    rows.map((row) => row[index] === null ? NaN : Number(row[index])),
  ]));
  const last = new Map(rows.map((row) => [row[0], Number(row[1])]));
  const epochs = values.get("epoch")!.map((epoch, index) => {
    // Iterations count from 0 in each epoch.
    return epoch + (Number(rows[index][1]) + 1) / (last.get(rows[index][0])! + 1);
  });
  const chosen: Record<string, number> = {};
  for (const metric of selection) {
    const curve = values.get(`${metric}_valid`) ?? [];
    let best: number | undefined;
    curve.forEach((value, index) => {
      // What was evaluated within an epoch chooses nothing.
      if (Number(rows[index][1]) < last.get(rows[index][0])!) return;
      if (!isBetter(metric, value, best)) return;
      best = value;
      chosen[metric] = index;
    });
  }
  return { epochs, ...bySide(values), chosen };
}

function bySide(
  values: ReadonlyMap<string, readonly number[]>,
): Pick<Points, "train" | "validation"> {
  const side = (suffix: string) =>
    Object.fromEntries(
      [...values].filter(([column]) => column.endsWith(suffix)).map(([column, numbers]) => [
        column.slice(0, -suffix.length),
        numbers.map((value) => rounded(value)),
      ]),
    );
  return { train: side("_train"), validation: side("_valid") };
}

/** Of instances that have no model yet; of a multi-network training means over a group. */
function growing(artifacts: RunArtifacts): CurveSeries[] {
  const found = new Map<string, { last: number; columns: Map<string, number[]> }[]>();
  for (const { instance, metrics } of artifacts.run.points) {
    const entry = artifacts.instance(instance);
    if (!entry || entry.outputs || !isTraining(entry.kind)) continue;
    const groups = found.get(instance) ?? [];
    found.set(instance, groups);
    // An epoch that is not the next one starts another group of networks, or a retry.
    if (groups.length === 0 || metrics.epoch <= groups.at(-1)!.last) {
      groups.push({ last: 0, columns: new Map() });
    }
    const group = groups.at(-1)!;
    group.last = metrics.epoch;
    for (const [name, value] of Object.entries(metrics)) {
      group.columns.set(name, [...group.columns.get(name) ?? [], value]);
    }
  }
  return [...found].flatMap(([instance, groups]) =>
    groups.map(({ columns }, index) => ({
      instance,
      network: groups.length === 1 ? null : index,
      against: null,
      epochs: columns.get("epoch") ?? [],
      ...bySide(columns),
      chosen: {},
    }))
  );
}

function trimmed(series: CurveSeries[], selecting: ReadonlySet<string>): CurvesData {
  let metrics = [...new Set(series.flatMap(({ validation }) => Object.keys(validation)))];
  const numbers = series.reduce((sum, { epochs }) => sum + 2 * metrics.length * epochs.length, 0);
  if (numbers > MAX_NUMBERS) metrics = metrics.filter((metric) => selecting.has(metric));
  const rank = (metric: string) => metric === "loss" ? 0 : selecting.has(metric) ? 1 : 2;
  metrics.sort((a, b) => rank(a) - rank(b));
  return { metrics, series: series.map((each) => thinned(each, metrics)) };
}

function thinned(series: CurveSeries, metrics: readonly string[]): CurveSeries {
  const { epochs, chosen } = series;
  const stride = Math.ceil(epochs.length / MAX_POINTS);
  const keep = new Set(Object.values(chosen));
  const shownIndices = epochs.map((_, index) => index).filter((index) =>
    index % stride === 0 || index === epochs.length - 1 || keep.has(index)
  );
  const pick = (curves: Record<string, (number | null)[]>) =>
    Object.fromEntries(
      metrics.filter((metric) => metric in curves)
        .map((metric) => [metric, shownIndices.map((index) => curves[metric][index])]),
    );
  return {
    ...series,
    epochs: shownIndices.map((index) => Number(epochs[index].toFixed(3))),
    train: pick(series.train),
    validation: pick(series.validation),
    chosen: Object.fromEntries(
      Object.entries(chosen).map(([metric, index]) => [metric, shownIndices.indexOf(index)]),
    ),
  };
}
