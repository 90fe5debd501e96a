import { assertEquals } from "@std/assert";
import { binRows, calibration, calibrationError } from "../../src/evaluation/calibration.ts";
import { assertClose, metrics } from "./fixtures.ts";

metrics.classification.forEach(({ classes, truth, predicted, probabilities, expected }, i) => {
  Deno.test(`calibration gives the ECE that NumPy computes by its definition (${i})`, () => {
    const confidences = predicted.map((label, row) => probabilities[row * classes + label]);
    const correct = truth.map((label, row) => Number(label === predicted[row]));
    assertClose(calibration(binRows(confidences, correct, 10)).ECE, expected.ECE, 1e-12, "ECE");
  });
});

Deno.test("calibration puts a confidence on an edge into the bin below, and 0 into the first", () => {
  const { bins, ECE } = calibration(binRows([0, 0.5, 1], [0, 1, 1], 2));
  assertEquals(bins, [
    { lower: 0, upper: 0.5, count: 2, confidence: 0.25, accuracy: 0.5 },
    { lower: 0.5, upper: 1, count: 1, confidence: 1, accuracy: 1 },
  ]);
  assertClose(ECE, 0.5 / 3, 1e-15, "ECE");
});

Deno.test("calibrationError weighs a row as if it stood there as often", () => {
  const repeated = calibrationError(binRows([0.9, 0.9, 0.9, 0.6], [1, 1, 1, 0], 10));
  assertClose(calibrationError(binRows([0.9, 0.6], [1, 0], 10), [3, 1]), repeated, 1e-15, "ECE");
});
