import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { joinPredictions, type Predictions, selectRows } from "../../src/evaluation/predictions.ts";
import { elementWeights, voteOnImages } from "../../src/evaluation/voting.ts";
import { assertClose, voting, type VotingTable } from "./fixtures.ts";

function fromTable(table: VotingTable, classes: number): Predictions {
  return {
    participants: table.participant_id,
    sessions: table.session_id,
    elements: table.slice_id,
    trueLabels: Float64Array.from(table.true_label),
    predictedLabels: Float64Array.from(table.predicted_label),
    classes,
    probabilities: Float64Array.from(
      { length: classes * table.slice_id.length },
      (_, i) => Number(table[`proba${i % classes}`][Math.floor(i / classes)]),
    ),
  };
}

function assertSamePredictions(actual: Predictions, expected: Predictions): void {
  assertEquals(actual.participants, expected.participants);
  assertEquals(actual.sessions, expected.sessions);
  assertEquals(actual.elements, expected.elements);
  assertEquals(actual.trueLabels, expected.trueLabels);
  for (const key of ["predictedLabels", "probabilities"] as const) {
    assertEquals(actual[key].length, expected[key].length);
    actual[key].forEach((value, i) => assertClose(value, expected[key][i], 1e-12, `${key}[${i}]`));
  }
}

for (const fixture of voting.classification) {
  const { classes, selection_threshold } = fixture;
  Deno.test(`soft voting on ${classes} classes above ${selection_threshold} is ClinicaDL's`, () => {
    const weights = elementWeights(
      fromTable(fixture.validation, classes),
      "soft",
      selection_threshold,
    );
    const voted = voteOnImages(fromTable(fixture.group, classes), weights);
    assertSamePredictions(voted, fromTable(fixture.voted, classes));
  });
}

Deno.test("images get the mean of their elements in regression, as in ClinicaDL", () => {
  const { group, voted } = voting.regression;
  assertSamePredictions(voteOnImages(fromTable(group, 0), new Map()), fromTable(voted, 0));
});

const fixture = voting.classification[0];
const group = fromTable(fixture.group, 2);
const validation = fromTable(fixture.validation, 2);
const weights = elementWeights(validation, "soft", 0);

Deno.test("hard voting averages the probabilities of all elements alike", () => {
  const voted = voteOnImages(group, elementWeights(validation, "hard", 0.9));
  const rows = group.elements.flatMap((_, row) =>
    group.participants[row] === voted.participants[0] && group.sessions[row] === voted.sessions[0]
      ? [row]
      : []
  );
  const mean = rows.reduce((sum, row) => sum + group.probabilities[2 * row], 0) / rows.length;
  assertEquals(rows.length, 4);
  assertClose(voted.probabilities[0], mean, 1e-14, "probability");
});

Deno.test("votes do not change when each network's predictions come one after another", () => {
  const byNetwork = [40, 41, 45, 60].map((element) =>
    selectRows(group, group.elements.flatMap((id, row) => id === element ? [row] : []))
  );
  assertEquals(voteOnImages(joinPredictions(byNetwork), weights), voteOnImages(group, weights));
});

Deno.test("elementWeights refuses a threshold that no element reaches", () => {
  assertThrows(
    () => elementWeights(validation, "soft", 1),
    DataError,
    "selection_threshold: no element reaches an accuracy of 1",
  );
});

Deno.test("voteOnImages names the image that lacks an element or has one too many", () => {
  const rows = group.elements.map((_, row) => row);
  const subject = `${group.participants[0]} ${group.sessions[0]}`;
  assertThrows(
    () => voteOnImages(selectRows(group, rows.slice(1)), weights),
    DataError,
    `${subject}: lacks element ${group.elements[0]}`,
  );
  assertThrows(
    () => voteOnImages(selectRows(group, [0, ...rows]), weights),
    DataError,
    `${subject}: has an element twice`,
  );
  const renamed = { ...group, elements: group.elements.with(0, 99) };
  assertThrows(
    () => voteOnImages(renamed, weights),
    DataError,
    "has element 99, which the validation set lacks",
  );
  const relabelled = { ...group, trueLabels: group.trueLabels.with(0, 1 - group.trueLabels[0]) };
  assertThrows(() => voteOnImages(relabelled, weights), DataError, "different true labels");
});

Deno.test("images without labels are voted on all the same", () => {
  const unlabelled = { ...group, trueLabels: group.trueLabels.map(() => NaN) };
  const { trueLabels: _, ...voted } = voteOnImages(unlabelled, weights);
  const { trueLabels: __, ...expected } = voteOnImages(group, weights);
  assertEquals(voted, expected);
});
