import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { Random } from "../../src/random.ts";
import { foldFiles } from "../../src/artifacts/folds.ts";
import { drawFolds } from "../../src/tables/kfold.ts";
import { SessionTable } from "../../src/tables/session_table.ts";
import fixtures from "../fixtures/tables/statistics.json" with { type: "json" };
import { randomLabels, tableOf } from "./tables.ts";

const spread = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts);

Deno.test("of hundreds of random data sets no fold shares a participant and classes are balanced", () => {
  const random = new Random(1, "data sets");
  for (let trial = 0; trial < 300; trial++) {
    const classes = 1 + random.integer(3);
    const nSplits = 2 + random.integer(9);
    const labels = randomLabels(trial, 36 + random.integer(60), classes);
    const options = { nSplits, seed: random.integer(1000), stratification: "diagnosis" };
    const folds = drawFolds(labels, options);
    const groups = labels.byPerson();
    const everyone = [...groups.keys()];

    assertEquals(folds.flatMap((fold) => fold.validation).sort(), everyone, "validated once");
    for (const { train, validation } of folds) {
      assert(train.every((participant) => !validation.includes(participant)));
      assertEquals([...train, ...validation].sort(), everyone);
    }
    const diagnosis = labels.column("diagnosis");
    const classOf = (participant: string) => groups.get(participant)?.[0][diagnosis];
    for (const name of new Set(everyone.map(classOf))) {
      const counts = folds.map((fold) => fold.validation.filter((p) => classOf(p) === name).length);
      assert(spread(counts) <= 1, `${name}: ${counts}`);
    }
    assert(spread(folds.map((fold) => fold.validation.length)) <= 1);

    const bytes = (table: SessionTable) =>
      drawFolds(table, options).map(({ train, validation }) =>
        foldFiles(table.of(new Set(train)), table.of(new Set(validation)))
      );
    const reordered = new SessionTable(
      { columns: [...labels.columns], rows: labels.rows.toReversed() },
      "labels",
    );
    assertEquals(bytes(labels), bytes(reordered), "the same seed gives the same bytes");
  }
});

Deno.test("folds are as balanced as scikit-learn's StratifiedKFold makes them", () => {
  for (const { classes, folds, spread: theirs, sizes_spread } of fixtures.k_folds) {
    const names = classes.flatMap((count, i) => Array.from({ length: count }, () => `D${i}`));
    const rows = names.map((name, i) => [`sub-${1000 + i}`, "ses-M000", name]);
    const columns = ["participant_id", "session_id", "diagnosis"];
    const labels = new SessionTable({ columns, rows }, "labels");
    const drawn = drawFolds(labels, { nSplits: folds, seed: 2, stratification: "diagnosis" });
    const nameOf = new Map(rows.map(([participant, , name]) => [participant, name]));
    classes.forEach((_, i) => {
      const counts = drawn.map(({ validation }) =>
        validation.filter((participant) => nameOf.get(participant) === `D${i}`).length
      );
      assert(spread(counts) <= theirs[i]);
    });
    assert(spread(drawn.map(({ validation }) => validation.length)) <= Math.max(1, sizes_spread));
  }
});

Deno.test("another seed gives other folds", () => {
  const labels = randomLabels(1, 60);
  const draw = (seed: number) => drawFolds(labels, { nSplits: 5, seed });
  assert(JSON.stringify(draw(1)) !== JSON.stringify(draw(2)));
});

Deno.test("classes smaller than the number of folds are named, with what to do", () => {
  const labels = tableOf(`
participant_id session_id diagnosis
sub-1 ses-M000 AD
sub-2 ses-M000 CN
sub-3 ses-M000 CN
sub-4 ses-M000 CN`);
  assertThrows(
    () => drawFolds(labels, { nSplits: 3, seed: 0, stratification: "diagnosis" }),
    DataError,
    '"AD" (1); lower n_splits',
  );
  assertThrows(() => drawFolds(labels, { nSplits: 5, seed: 0 }), DataError, "4 participants");
  assertThrows(
    () => drawFolds(labels, { nSplits: 2, seed: 0, stratification: "sex" }),
    DataError,
    'no column "sex"',
  );
});

Deno.test("100,000 rows are dealt in a few seconds", () => {
  const labels = randomLabels(7, 40_000);
  assert(labels.rows.length > 90_000);
  const started = performance.now();
  const folds = drawFolds(labels, { nSplits: 10, seed: 0, stratification: "diagnosis" });
  const [{ train, validation }] = folds;
  foldFiles(labels.of(new Set(train)), labels.of(new Set(validation)));
  assert(performance.now() - started < 8000);
});
