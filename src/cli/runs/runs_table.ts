/** The table of `gyrus runs`: its columns, their order, and which runs it has. */
import type { RunRecord } from "../../engine/run/run_folder.ts";
import { isBetter } from "../../evaluation/selection.ts";
import type { Writable } from "../../formats/tsv.ts";
import type { FoldMetric } from "../../report/data.ts";
import type { RunRow } from "../../report/runs_data.ts";
import { intervalText } from "../../report/main_result.ts";
import { bareName, parametersOf, valuesText } from "../../report/comparison/run_parameters.ts";
import { didYouMean } from "../../workflow/suggest.ts";
import { UsageError } from "../arguments.ts";
import { outcomesText } from "./past_runs.ts";
import { durationText } from "../quantity.ts";

/** A run with all that its columns can show. */
export interface ListedRun {
  record: RunRecord;
  row: RunRow;
}

export interface RunColumn {
  name: string;
  alignRight?: boolean;
  text(run: ListedRun): string;
  /** Cells by column for `--tsv`. */
  cells(run: ListedRun): Record<string, Writable>;
  /** Rising; of metrics the best first. Absent values come last. */
  compare(a: ListedRun, b: ListedRun): number;
}

const FACTS: Readonly<Record<string, (run: ListedRun) => string | number | null>> = {
  run: ({ row }) => row.id,
  workflow: ({ row }) => row.workflow,
  status: ({ row }) => row.status,
  started: ({ row }) => row.started,
  time: ({ row }) => row.seconds,
  instances: ({ record }) => outcomesText(record.instances),
};

/** The main result of each run, whatever its metric. */
const RESULT = "result";

/** @param parameters names of those that differ */
export function defaultColumns(parameters: readonly string[]): string[] {
  return ["run", "workflow", "status", "time", ...parameters, RESULT];
}

/** @throws {UsageError} on a name that no run has */
export function columnNamed(name: string, runs: readonly ListedRun[]): RunColumn {
  if (Object.hasOwn(FACTS, name)) return factColumn(name);
  if (name === RESULT) return resultColumn();
  if (runs.some(({ row }) => Object.hasOwn(row.metrics, name))) return metricColumn(name);
  if (runs.some(({ record }) => valueOf(record, name) !== undefined)) return parameterColumn(name);
  const known = [
    ...Object.keys(FACTS),
    RESULT,
    ...runs.flatMap(({ row }) => Object.keys(row.metrics)),
    ...runs.flatMap(({ record }) => namesOf(record)),
  ];
  throw new UsageError(
    `no run has a parameter or a metric "${name}"`,
    didYouMean(name, new Set(known)) ??
      `other columns are ${[...Object.keys(FACTS), RESULT].join(", ")}`,
  );
}

/**
 * The condition that `--where NAME=VALUE` states: a parameter has the value, or one of several. The name
 * may lack its step: `architecture=resnet18`. Numbers are equal however they are written.
 *
 * @throws {UsageError} on a text without `=`, and on a name that no record has
 */
export function whereCondition(
  text: string,
  records: readonly RunRecord[],
): (record: RunRecord, status: string) => boolean {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--where needs NAME=VALUE, not "${text}"`);
  const [name, wanted] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  const isWanted = (value: string) =>
    value === wanted || wanted !== "" && value !== "" && Number(value) === Number(wanted);
  if (name === "status") return (_, status) => status === wanted;
  if (name === "workflow") return ({ workflow }) => workflow.name === wanted;
  const known = new Set(["status", "workflow", ...records.flatMap(namesOf)]);
  if (!known.has(name)) {
    throw new UsageError(
      `--where ${text}: no run has a parameter "${name}"`,
      didYouMean(name, known),
    );
  }
  return (record) =>
    parametersOf(record).some((parameter) =>
      isNamed(parameter.name, name) &&
      parameter.values.some((value) => isWanted(valuesText([value])))
    );
}

function isNamed(parameter: string, name: string): boolean {
  return parameter === name || bareName(parameter) === name;
}

/** Names of the parameters of a run, in full and without their steps. */
function namesOf(record: RunRecord): string[] {
  return parametersOf(record).flatMap(({ name }) => [name, bareName(name)]);
}

/** Undefined where the run has no such parameter; several values where steps differ. */
function valueOf(record: RunRecord, name: string): string | undefined {
  const texts = parametersOf(record).filter((parameter) => isNamed(parameter.name, name))
    .flatMap(({ values }) => values.map((value) => valuesText([value])));
  return texts.length === 0 ? undefined : [...new Set(texts)].join(", ");
}

function factColumn(name: string): RunColumn {
  const fact = FACTS[name];
  return {
    name,
    alignRight: name === "time",
    text(run) {
      const value = fact(run);
      return typeof value === "number" ? durationText(value) : value ?? "";
    },
    cells: (run) => ({ [name === "time" ? "seconds" : name]: fact(run) }),
    compare: (a, b) => compareValues(fact(a), fact(b)),
  };
}

function parameterColumn(name: string): RunColumn {
  const value = ({ record }: ListedRun) => valueOf(record, name) ?? null;
  return {
    name,
    text: (run) => value(run) ?? "",
    cells: (run) => ({ [name]: value(run) }),
    compare: (a, b) => compareValues(value(a), value(b)),
  };
}

function metricColumn(name: string): RunColumn {
  const metric = ({ row }: ListedRun) => row.metrics[name];
  return {
    name,
    text: (run) => metric(run) ? intervalText(metric(run)) : "",
    cells: (run) => metricCells(name, metric(run)),
    compare: (a, b) => compareMetrics(name, metric(a), metric(b)),
  };
}

function resultColumn(): RunColumn {
  const metric = ({ row }: ListedRun) => row.main && row.metrics[row.main.metric];
  return {
    name: RESULT,
    text: (run) => run.row.main ? `${run.row.main.metric} ${intervalText(metric(run)!)}` : "",
    cells: (run) => ({
      metric: run.row.main?.metric,
      ...metricCells("value", metric(run) ?? undefined),
    }),
    compare: (a, b) =>
      compareValues(a.row.main?.metric ?? null, b.row.main?.metric ?? null) ||
      compareMetrics(a.row.main?.metric ?? "", metric(a) ?? undefined, metric(b) ?? undefined),
  };
}

function metricCells(name: string, metric: FoldMetric | undefined): Record<string, Writable> {
  const { value, lower, upper } = metric ?? {};
  return { [name]: value, [`${name}_lower`]: lower, [`${name}_upper`]: upper };
}

function compareMetrics(
  name: string,
  a: FoldMetric | undefined,
  b: FoldMetric | undefined,
): number {
  const [one, other] = [a?.value ?? null, b?.value ?? null];
  if (one === null || other === null || one === other) return compareValues(one, other);
  return isBetter(name, one, other) ? -1 : 1;
}

/** Numbers by size, also where texts are numbers. */
function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const difference = Number(a) - Number(b);
  if (!Number.isNaN(difference)) return difference;
  return a === b ? 0 : a < b ? -1 : 1;
}
