import { assertEquals } from "@std/assert";
import {
  averageByParticipant,
  commonParticipants,
} from "../../src/evaluation/participant_predictions.ts";
import type { Predictions } from "../../src/evaluation/predictions.ts";

/** Rows `[participant, session, true class, probability of class 0]`. */
function fold(...rows: [string, string, number, number][]): Predictions {
  return {
    participants: rows.map(([participant]) => participant),
    sessions: rows.map(([, session]) => session),
    elements: rows.map(() => 0),
    trueLabels: Float64Array.from(rows, ([, , truth]) => truth),
    predictedLabels: Float64Array.from(rows, ([, , , p]) => p < 0.5 ? 1 : 0),
    classes: 2,
    probabilities: Float64Array.from(rows.flatMap(([, , , p]) => [p, 1 - p])),
  };
}

Deno.test("folds are averaged first, then the sessions of a participant", () => {
  const { predictions, ambiguous } = averageByParticipant([
    fold(["b", "M00", 1, 0.25], ["a", "M00", 0, 0.75], ["a", "M12", 0, 0.25]),
    fold(["b", "M00", 1, 0.75], ["a", "M00", 0, 0.25]),
  ]);
  assertEquals(ambiguous, []);
  assertEquals(predictions.participants, ["a", "b"]);
  // (0.5 + 0.25) / 2, not the mean of three rows.
  assertEquals([...predictions.probabilities], [0.375, 0.625, 0.5, 0.5]);
  assertEquals([...predictions.predictedLabels], [1, 0]);
  assertEquals([...predictions.trueLabels], [0, 1]);
});

Deno.test("a participant who is a patient in one session only has no true label", () => {
  const { predictions, ambiguous } = averageByParticipant([
    fold(["a", "M00", 1, 0.2], ["a", "M12", 0, 0.2], ["b", "M00", 1, 0.2]),
  ]);
  assertEquals([predictions.participants, ambiguous], [["b"], ["a"]]);
});

Deno.test("ages of several sessions are averaged, true and predicted", () => {
  const ages = { ...fold(["a", "M00", 70, 0], ["a", "M12", 72, 0]), classes: 0 };
  ages.predictedLabels = Float64Array.of(75, 71);
  ages.probabilities = new Float64Array();
  const { predictions, ambiguous } = averageByParticipant([ages]);
  assertEquals([[...predictions.trueLabels], [...predictions.predictedLabels]], [[71], [73]]);
  assertEquals(ambiguous, []);
});

Deno.test("test sets that differ have their common participants in one order", () => {
  const one = fold(["a", "", 0, 0.9], ["b", "", 1, 0.2], ["c", "", 1, 0.3]);
  const other = fold(["c", "", 1, 0.4], ["d", "", 0, 0.5], ["a", "", 0, 0.6]);
  const { first, second } = commonParticipants(one, other);
  assertEquals([first.participants, second.participants], [["a", "c"], ["a", "c"]]);
  assertEquals([second.probabilities[0], second.probabilities[2]], [0.6, 0.4]);
});
