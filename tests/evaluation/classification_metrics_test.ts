import { assertEquals, assertThrows } from "@std/assert";
import {
  classificationMetrics,
  classificationSummary,
  classMetrics,
  confusionMatrix,
} from "../../src/evaluation/classification_metrics.ts";
import { assertClose, assertMetrics, metrics } from "./fixtures.ts";

metrics.classification.forEach((fixture, i) => {
  const { classes, truth, predicted, expected } = fixture;
  const ofThisFile = Object.fromEntries(
    Object.entries(expected).filter(([name]) => !/AUC|ECE/.test(name)),
  );

  Deno.test(`classificationMetrics agrees with scikit-learn on ${classes} classes (${i})`, () => {
    const actual = classificationMetrics(confusionMatrix(truth, predicted, classes));
    assertEquals(Object.keys(actual).sort(), Object.keys(ofThisFile).sort());
    assertMetrics(actual, ofThisFile);
  });

  Deno.test(`confusionMatrix agrees with scikit-learn on ${classes} classes (${i})`, () => {
    const { counts } = confusionMatrix(truth, predicted, classes);
    assertEquals([...counts], fixture.confusion_matrix.flat());
  });

  Deno.test(`classificationMetrics weighs rows as scikit-learn does (${i})`, () => {
    const weighted = confusionMatrix(truth, predicted, classes, fixture.weights);
    assertClose(
      classificationMetrics(weighted).accuracy,
      fixture.weighted.accuracy,
      1e-12,
      "accuracy",
    );
  });
});

Deno.test("classMetrics takes class 0 as positive of two, and gives ClinicaDL's 0 for a zero denominator", () => {
  const nothingPositive = classMetrics(confusionMatrix([1, 1, 1], [1, 1, 1], 2), 0);
  assertEquals(nothingPositive, {
    BA: 0.5,
    accuracy: 1,
    F1_score: 0,
    sensitivity: 0,
    specificity: 1,
    PPV: 0,
    NPV: 1,
    MCC: 0,
    MK: 0,
    LR_plus: 0,
    LR_minus: 1,
  });
  const half = classMetrics(confusionMatrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], 2), 0);
  assertEquals([half.sensitivity, half.specificity], [1 / 2, 2 / 3]);
});

Deno.test("metrics of a truth with one class are undefined where they need the other", () => {
  const allRight = classMetrics(confusionMatrix([0, 0, 0], [0, 0, 0], 2), 0, "nan");
  assertEquals(allRight, {
    BA: NaN,
    accuracy: 1,
    F1_score: 1,
    sensitivity: 1,
    specificity: NaN,
    PPV: 1,
    NPV: NaN,
    MCC: NaN,
    MK: NaN,
    LR_plus: NaN,
    LR_minus: NaN,
  });
  const withoutPositive = classMetrics(confusionMatrix([1, 1, 1], [1, 1, 0], 2), 0, "nan");
  assertEquals(
    [withoutPositive.sensitivity, withoutPositive.F1_score, withoutPositive.PPV],
    [NaN, NaN, 0],
  );
});

Deno.test("without a true positive F1 is 0, and PPV and LR+ are undefined where nothing is predicted", () => {
  const { F1_score, sensitivity, PPV, NPV, MCC, LR_plus, LR_minus } = classMetrics(
    confusionMatrix([0, 1, 1], [1, 1, 1], 2),
    0,
    "nan",
  );
  assertEquals([F1_score, sensitivity, PPV, NPV], [0, 0, NaN, 2 / 3]);
  assertEquals([MCC, LR_plus, LR_minus], [0, NaN, 1]);
});

Deno.test("a likelihood ratio whose denominator alone is zero is infinite", () => {
  const noFalseAlarm = classMetrics(confusionMatrix([0, 0, 1], [0, 1, 1], 2), 0);
  assertEquals([noFalseAlarm.LR_plus, noFalseAlarm.LR_minus], [Infinity, 0.5]);
  const onlyAlarms = classMetrics(confusionMatrix([0, 0, 1], [0, 1, 0], 2), 0);
  assertEquals([onlyAlarms.LR_plus, onlyAlarms.LR_minus], [0.5, Infinity]);
});

Deno.test("classificationSummary is of class 0 for two classes and a mean over classes for more", () => {
  const two = confusionMatrix([0, 0, 1], [0, 1, 1], 2);
  assertEquals(classificationSummary(two), classMetrics(two, 0));
  const three = confusionMatrix([0, 0, 1, 2], [0, 1, 1, 0], 3);
  const mean = (1 / 2 + 1 + 0) / 3;
  assertClose(classificationSummary(three).sensitivity, mean, 1e-15, "sensitivity");
  assertEquals(classificationSummary(three).accuracy, 0.5);
});

Deno.test("confusionMatrix refuses labels that are no class", () => {
  assertThrows(() => confusionMatrix([0, 2], [0, 1], 2), RangeError, "Row 1 has labels 2, 1");
  assertThrows(() => confusionMatrix([NaN], [0], 2), RangeError);
});
