/** Predictions and expected values from the scripts in tests/fixtures/evaluation. */
import { assert } from "@std/assert";
import type { Predictions } from "../../src/evaluation/predictions.ts";

export interface ClassificationFixture {
  classes: number;
  truth: number[];
  predicted: number[];
  probabilities: number[];
  expected: Record<string, number>;
  confusion_matrix: number[][];
  curve: {
    false_positive_rate: number[];
    sensitivity: number[];
    thresholds: number[];
    precision: number[];
  };
  weights: number[];
  weighted: Record<string, number>;
}

interface RegressionFixture {
  truth: number[];
  predicted: number[];
  expected: Record<string, number>;
  weights: number[];
  weighted: Record<string, number>;
}

interface BootstrapFixture {
  participants: string[];
  correct: number[];
  value: number;
  lower: number;
  upper: number;
  standard_error: number;
}

/** A table by column. */
export interface VotingTable {
  participant_id: string[];
  session_id: string[];
  slice_id: number[];
  true_label: number[];
  predicted_label: number[];
  [column: string]: (string | number)[];
}

export interface VotingFixture {
  classes: number;
  selection_threshold: number;
  group: VotingTable;
  validation: VotingTable;
  voted: VotingTable;
}

const folder = new URL("../fixtures/evaluation/", import.meta.url);
const load = (name: string) => JSON.parse(Deno.readTextFileSync(new URL(name, folder)));

export const metrics: {
  classification: ClassificationFixture[];
  regression: RegressionFixture;
  bootstrap: BootstrapFixture;
} = load("metrics.json");

export const voting: {
  classification: VotingFixture[];
  regression: { group: VotingTable; voted: VotingTable };
} = load("voting.json");

export const pairedTests: {
  mcnemar: { table: number[][]; exact: number; statistic: number; corrected: number }[];
  delong: {
    truth: number[];
    first: number[];
    second: number[];
    areas: [number, number];
    standard_error: number;
    statistic: number;
    p: number;
  }[];
  corrected_t: { differences: number[]; test_to_train: number; statistic: number; p: number }[];
  holm: { values: number[]; adjusted: number[] }[];
  bootstrap: {
    truth: number[];
    first: number[];
    second: number[];
    difference: number;
    lower: number;
    upper: number;
    standard_error: number;
  };
} = load("paired_tests.json");

/** Predictions at the image level, one participant a row. */
export function predictionsOf(fixture: ClassificationFixture): Predictions {
  return {
    participants: fixture.truth.map((_, row) => `sub-${row}`),
    sessions: fixture.truth.map(() => "ses-M000"),
    elements: fixture.truth.map(() => 0),
    trueLabels: Float64Array.from(fixture.truth),
    predictedLabels: Float64Array.from(fixture.predicted),
    classes: fixture.classes,
    probabilities: Float64Array.from(fixture.probabilities),
  };
}

export function assertClose(actual: number, expected: number, tolerance: number, name: string) {
  const difference = Math.abs(actual - expected);
  const bound = tolerance * Math.max(1, Math.abs(expected));
  assert(difference <= bound, `${name}: ${actual} is not ${expected} (±${bound})`);
}

/** Every expected value, within 1e-12 relative. */
export function assertMetrics(
  actual: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
): void {
  for (const [name, value] of Object.entries(expected)) {
    assert(name in actual, `${name} is missing`);
    assertClose(actual[name], value, 1e-12, name);
  }
}
