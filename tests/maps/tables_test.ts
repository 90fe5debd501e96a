import { assertEquals } from "@std/assert";
import { readTsv } from "../../src/formats/tsv.ts";
import {
  dataTable,
  elementMetricsTable,
  imageMetricsTable,
  predictionTable,
  trainingTable,
} from "../../src/maps/tables.ts";

const participants = readTsv(
  "participant_id\tsession_id\tcohort\trole\tsource_digest\tdiagnosis\n" +
    "sub-01\tses-M000\tn/a\ttrain\tsha256-0\tAD\nsub-02\tses-M012\tsingle\ttrain\tsha256-1\tCN\n",
  "participants",
);

Deno.test("data.tsv has ids, cohort and label, and for train and validation a row index", () => {
  assertEquals(
    dataTable(participants, "diagnosis", false),
    "participant_id\tsession_id\tcohort\tdiagnosis\n" +
      "sub-01\tses-M000\tsingle\tAD\nsub-02\tses-M012\tsingle\tCN\n",
  );
  assertEquals(
    dataTable(participants, "age", true),
    "\tparticipant_id\tsession_id\tcohort\n" +
      "0\tsub-01\tses-M000\tsingle\n1\tsub-02\tses-M012\tsingle\n",
  );
});

Deno.test("predictions without a label have -1", () => {
  const table = readTsv("participant_id\ttrue_label\nsub-01\tn/a\nsub-02\t0\n", "predictions");
  assertEquals(predictionTable(table), "participant_id\ttrue_label\nsub-01\t-1\nsub-02\t0\n");
});

const metrics = [
  { name: "BA", value: 0.75, lower: 0.5, upper: 1, standard_error: 0.125 },
  { name: "loss", value: 0.6, lower: NaN, upper: NaN, standard_error: NaN },
];

Deno.test("metrics of elements have a block a network, those of images one row", () => {
  assertEquals(
    elementMetricsTable(metrics, 3),
    "Metrics\tBA\tloss\nValues\t0.75\t0.6\nLower bound CI\t0.5\tN/A\nUpper bound CI\t1\tN/A\n" +
      "SE\t0.125\tN/A\n3\t3\t3\n",
  );
  assertEquals(elementMetricsTable(metrics).split("\n").length, 6);
  assertEquals(imageMetricsTable(metrics), "BA\tloss\n0.75\t0.6\n");
});

Deno.test("training.tsv gets an empty time behind the iteration", () => {
  const training = readTsv("epoch\titeration\tloss_train\n0\t9\t0.7\n", "training");
  assertEquals(trainingTable(training), "epoch\titeration\ttime\tloss_train\n0\t9\tn/a\t0.7\n");
});
