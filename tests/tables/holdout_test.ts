import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { Random } from "../../src/random.ts";
import { drawFolds } from "../../src/tables/kfold.ts";
import { drawHoldout, type HoldoutOptions } from "../../src/tables/holdout.ts";
import { chiSquareTest, tTest } from "../../src/tables/statistics.ts";
import { randomLabels, tableOf } from "./tables.ts";

const OPTIONS: HoldoutOptions = {
  nTest: 0.25,
  seed: 0,
  pAgeThreshold: 0.8,
  pSexThreshold: 0.8,
  ignoreDemographics: false,
  maxDraws: 300,
};

Deno.test("of hundreds of random data sets nobody is on two sides and diagnoses are shared out", () => {
  const random = new Random(2, "data sets");
  for (let trial = 0; trial < 200; trial++) {
    const labels = randomLabels(trial, 36 + random.integer(80), 1 + random.integer(3));
    const groups = labels.byPerson();
    const options = { ...OPTIONS, seed: trial, pAgeThreshold: 0.5, pSexThreshold: 0.5 };
    const { train, heldOut } = drawHoldout(labels, options);
    assertEquals([...train, ...heldOut].sort(), [...groups.keys()]);
    assertEquals(new Set([...train, ...heldOut]).size, groups.size);
    assertEquals(heldOut.length, Math.floor(groups.size / 4));
    const diagnosis = labels.column("diagnosis");
    const classOf = (participant: string) => groups.get(participant)?.[0][diagnosis];
    for (const name of new Set([...groups.keys()].map(classOf))) {
      const all = [...groups.keys()].filter((p) => classOf(p) === name).length;
      const taken = heldOut.filter((p) => classOf(p) === name).length;
      assert(
        Math.abs(taken - all * heldOut.length / groups.size) < 1,
        `${name}: ${taken} of ${all}`,
      );
    }
    assertEquals(drawHoldout(labels, options), drawHoldout(labels, options));
  }
});

Deno.test("the p-values that are reported are those of the split that was taken", () => {
  const labels = randomLabels(5, 120);
  const split = drawHoldout(labels, OPTIONS);
  assert(split.matched && split.draws <= OPTIONS.maxDraws);
  const groups = labels.byPerson();
  const column = (name: string, side: readonly string[]) =>
    side.map((participant) => groups.get(participant)?.[0][labels.column(name)]);
  const ages = (side: readonly string[]) => column("age", side).map(Number);
  assertEquals(split.age, tTest(ages(split.heldOut), ages(split.train)));
  const sexes = (side: readonly string[]) =>
    ["F", "M"].map((sex) => column("sex", side).filter((value) => value === sex).length);
  const expected = chiSquareTest([sexes(split.heldOut), sexes(split.train)]);
  assert(Math.abs((split.sex?.p ?? 0) - expected.p) < 1e-12);
  assert((split.age?.p ?? 0) >= 0.8 && (split.sex?.p ?? 0) >= 0.8);
});

Deno.test("thresholds that can't be reached end with the best draw", () => {
  const labels = tableOf(`
participant_id session_id age sex diagnosis
sub-1 ses-M000 60 F AD
sub-2 ses-M000 70 M AD
sub-3 ses-M000 90 F AD
sub-4 ses-M000 61 M AD
sub-5 ses-M000 50 M AD`);
  const options = { ...OPTIONS, nTest: 1, pAgeThreshold: 1, pSexThreshold: 0, maxDraws: 200 };
  const { heldOut, matched, draws, age } = drawHoldout(labels, options);
  assertEquals({ heldOut, matched, draws }, { heldOut: ["sub-2"], matched: false, draws: 200 });
  assert((age?.p ?? 0) > 0.8);
});

Deno.test("a categorical variable is balanced besides the diagnosis", () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) =>
      `sub-${100 + i} ses-M000 70 F ${i % 2 ? "AD" : "CN"} ${i % 4 < 2 ? "siteA" : "siteB"}`,
  );
  const labels = tableOf(
    "participant_id session_id age sex diagnosis site\n" + rows.join("\n"),
  );
  const { heldOut } = drawHoldout(labels, {
    ...OPTIONS,
    nTest: 8,
    categoricalVariable: "site",
  });
  const rowOf = new Map(labels.rows.map((row) => [row[0], `${row[4]} ${row[5]}`]));
  const counts = Map.groupBy(heldOut, (participant) => rowOf.get(participant));
  assertEquals([...counts.values()].map((members) => members.length), [2, 2, 2, 2]);
});

Deno.test("ignored demographics need no age or sex", () => {
  const labels = tableOf(`
participant_id session_id diagnosis
sub-1 ses-M000 AD
sub-2 ses-M000 CN
sub-3 ses-M000 AD
sub-4 ses-M000 CN`);
  const split = drawHoldout(labels, { ...OPTIONS, nTest: 2, ignoreDemographics: true });
  assertEquals(split.heldOut.length, 2);
  assertEquals(split.age, undefined);
  assertThrows(() => drawHoldout(labels, OPTIONS), DataError, 'no column "age"');
});

Deno.test("the first session by time counts, not by name", () => {
  const labels = tableOf(`
participant_id session_id age sex diagnosis
sub-1 ses-M012 71 F CN
sub-1 ses-M06 70 F AD
sub-2 ses-M000 70 F CN
sub-3 ses-M000 70 F CN`);
  assertEquals(labels.baseline().rows[0][4], "AD");
  assertThrows(
    () => drawHoldout(labels, { ...OPTIONS, nTest: 3 }),
    DataError,
    "sets aside 3 of 3 participants",
  );
});

Deno.test("100,000 rows are split in a few seconds", () => {
  const labels = randomLabels(9, 40_000);
  const started = performance.now();
  drawHoldout(labels, { ...OPTIONS, nTest: 0.2 });
  assert(performance.now() - started < 8000);
});

const demographics = (count: number, sexOf: (i: number) => string, age = "age") =>
  tableOf(
    `participant_id session_id ${age} sex diagnosis\n` +
      Array.from(
        { length: count },
        (_, i) => `sub-${i} ses-M000 ${60 + i % 20} ${sexOf(i)} ${i % 2 ? "AD" : "CN"}`,
      ).join("\n"),
  );
const options = {
  nTest: 0.2,
  seed: 0,
  pAgeThreshold: 0,
  pSexThreshold: 0,
  ignoreDemographics: false,
  maxDraws: 1,
};

Deno.test("a share of all is rounded down exactly", () => {
  const labels = demographics(100, () => "F");
  for (const [nTest, expected] of [[0.29, 29], [0.57, 57], [0.58, 58], [0.299, 29]]) {
    assertEquals(drawHoldout(labels, { ...options, nTest }).heldOut.length, expected);
  }
});

Deno.test("M, male, m and MALE are one sex", () => {
  const spelt = drawHoldout(
    demographics(40, (i) => ["M", "male", "m", "MALE", "F"][i % 5]),
    options,
  );
  const plain = drawHoldout(demographics(40, (i) => i % 5 === 4 ? "F" : "M"), options);
  assertEquals(spelt, plain);
});

Deno.test("the age of OASIS's table, age_bl, is found as labels.get finds it", () => {
  assertEquals(
    drawHoldout(demographics(40, () => "F", "age_bl"), options),
    drawHoldout(demographics(40, () => "F"), options),
  );
});

Deno.test("equal ids of two cohorts are two people in splits and folds, stratified as such", () => {
  const labels = tableOf(
    [
      "participant_id session_id diagnosis cohort",
      ...Array.from({ length: 6 }, (_, i) => `sub-00${i} ses-M000 AD A`),
      ...Array.from({ length: 6 }, (_, i) => `sub-00${i} ses-M006 CN B`),
    ].join("\n"),
  );
  assertEquals(labels.baseline().rows.length, 12);
  const diagnoses = (side: readonly string[]) =>
    labels.of(new Set(side)).rows.map((row) => row[2]).sort().join(" ");
  const { train, heldOut } = drawHoldout(labels, {
    ...OPTIONS,
    nTest: 0.5,
    ignoreDemographics: true,
  });
  for (const side of [train, heldOut]) assertEquals(diagnoses(side), "AD AD AD CN CN CN");
  const folds = drawFolds(labels, { nSplits: 3, seed: 0, stratification: "diagnosis" });
  for (const { validation } of folds) assertEquals(diagnoses(validation), "AD AD CN CN");
});
