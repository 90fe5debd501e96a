/** The tables of a MAPS, in ClinicaDL's columns. */
import { columnIndices, type Table, type Writable, writeTsv } from "../formats/tsv.ts";

/** A metric with its confidence interval; bounds are not numbers where there is none. */
export interface MetricRow {
  name: string;
  value: number;
  lower: number;
  upper: number;
  standard_error: number;
}

/** `groups/…/data.tsv`: ids, cohort and label; those of train and validation have a row index too. */
export function dataTable(participants: Table, label: string, indexed: boolean): string {
  const names = ["participant_id", "session_id", "cohort", label];
  const columns = names.filter((name) => participants.columns.includes(name));
  const at = columnIndices(participants, columns, "participants.tsv");
  const rows = participants.rows.map((row, index): Writable[] => {
    const cells = columns.map((name) =>
      name === "cohort" ? row[at[name]] ?? "single" : row[at[name]]
    );
    return indexed ? [index, ...cells] : cells;
  });
  return writeTsv(indexed ? ["", ...columns] : columns, rows);
}

/** Predictions with -1 for unknown labels; a reconstruction has none. */
export function predictionTable(prediction: Table): string {
  if (!prediction.columns.includes("true_label")) {
    return writeTsv(prediction.columns, prediction.rows);
  }
  const { true_label } = columnIndices(prediction, ["true_label"], "predictions");
  return writeTsv(
    prediction.columns,
    prediction.rows.map((row) => row.with(true_label, row[true_label] ?? "-1")),
  );
}

/**
 * Metrics of elements: one column a metric, rows for value, bounds and standard error. The block of
 * a network of a multi-network has a sixth row with the network's index.
 */
export function elementMetricsTable(metrics: readonly MetricRow[], network?: number): string {
  const bound = (value: number): Writable => Number.isNaN(value) ? "N/A" : value;
  const rows: Writable[][] = [
    ["Values", ...metrics.map(({ value }) => value)],
    ["Lower bound CI", ...metrics.map(({ lower }) => bound(lower))],
    ["Upper bound CI", ...metrics.map(({ upper }) => bound(upper))],
    ["SE", ...metrics.map(({ standard_error }) => bound(standard_error))],
  ];
  if (network !== undefined) rows.push([network, ...metrics.map(() => network)]);
  return writeTsv(["Metrics", ...metrics.map(({ name }) => name)], rows);
}

/** Metrics of images after a vote: a plain row of values. */
export function imageMetricsTable(metrics: readonly MetricRow[]): string {
  return writeTsv(metrics.map(({ name }) => name), [metrics.map(({ value }) => value)]);
}

/** `training.tsv` with the `time` column that ClinicaDL has, empty: artifacts hold no times. */
export function trainingTable(training: Table): string {
  const { iteration } = columnIndices(training, ["iteration"], "training.tsv");
  return writeTsv(
    training.columns.toSpliced(iteration + 1, 0, "time"),
    training.rows.map((row) => row.toSpliced(iteration + 1, 0, null)),
  );
}
