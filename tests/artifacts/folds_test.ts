import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { foldFiles, foldOutput, readFolds } from "../../src/artifacts/folds.ts";
import { readSubset, splitFiles, type TableFolder } from "../../src/artifacts/split.ts";
import { drawFolds } from "../../src/tables/kfold.ts";
import { randomLabels, tableOf } from "../tables/tables.ts";

/** A folder of files in memory. */
const folderOf = (files: Readonly<Record<string, string>>): TableFolder => ({
  subject: "tree",
  names: [...new Set(Object.keys(files).map((path) => path.split("/")[0]))],
  read: (path) => Promise.resolve(files[path]),
});

Deno.test("a k-fold tree is read back as it was written", async () => {
  const labels = randomLabels(1, 40);
  const folds = drawFolds(labels, { nSplits: 4, seed: 1, stratification: "diagnosis" });
  const outputs = folds.map((fold, split) =>
    foldOutput(labels, fold, { split, n_splits: 4, stratification: "diagnosis" })
  );
  const files = Object.fromEntries(
    outputs.flatMap((output, split) =>
      Object.entries(output.files).map(([path, text]) => [`split-${split}/${path}`, text])
    ),
  );
  const again = await readFolds(folderOf(files));
  assertEquals(again.map(({ files }) => files), outputs.map(({ files }) => files));
  assertEquals(again[2].meta, { split: 2, n_splits: 4, stratification: null });
});

Deno.test("a k-fold tree that pandas wrote, with baselines alone, is read", async () => {
  const root = new URL("../fixtures/tables/2_fold/", import.meta.url);
  const folds = await readFolds({
    subject: "2_fold",
    names: [...Deno.readDirSync(root)].map(({ name }) => name),
    read: (path) => Deno.readTextFile(new URL(path, root)).catch(() => undefined),
  });
  assertEquals(folds.length, 2);
  assertEquals(
    folds[0].files["validation.tsv"],
    "participant_id\tsession_id\tdiagnosis\nsub-01\tses-M000\tAD\nsub-02\tses-M000\tCN\n",
  );
});

Deno.test("a tree that shares a participant between its sides is refused by name", async () => {
  const train = "participant_id\tsession_id\nsub-1\tses-M000\nsub-2\tses-M000\n";
  const validation = "participant_id\tsession_id\nsub-2\tses-M012\n";
  const files = { "split-0/train.tsv": train, "split-0/validation.tsv": validation };
  await assertRejects(
    () => readFolds(folderOf(files)),
    DataError,
    "train and validation share sub-2",
  );
  const [a, b] = [train, validation].map((text) => tableOf(text));
  assertThrows(() => foldFiles(a, b), DataError, "share sub-2");
  const meta = { subset_name: "test", valid_longitudinal: false };
  assertThrows(() => splitFiles(a, b, meta), DataError, "train and test share sub-2");
});

Deno.test("a tree that validates a participant in two folds is refused by name", async () => {
  const table = (...ids: string[]) =>
    `participant_id\tsession_id\n${ids.map((id) => `${id}\tses-M000\n`).join("")}`;
  const files = {
    "split-0/train.tsv": table("sub-3"),
    "split-0/validation.tsv": table("sub-1", "sub-2"),
    "split-1/train.tsv": table("sub-3"),
    "split-1/validation.tsv": table("sub-2"),
  };
  await assertRejects(
    () => readFolds(folderOf(files)),
    DataError,
    "1 participants are in two validation sets, but cross-validation uses each once: " +
      "sub-2 (split-0 and split-1)",
  );
  const apart = { ...files, "split-1/validation.tsv": table("sub-4") };
  assertEquals((await readFolds(folderOf(apart))).length, 2);
});

Deno.test("an absent fold or table is named", async () => {
  await assertRejects(() => readFolds(folderOf({})), DataError, "tree: no split-0");
  const table = (id: string) => `participant_id\tsession_id\n${id}\tses-M000\n`;
  const fold = (name: string) => ({
    [`${name}/train.tsv`]: table("sub-1"),
    [`${name}/validation.tsv`]: table(`sub-of-${name}`),
  });
  await assertRejects(
    () => readFolds(folderOf({ ...fold("split-0"), ...fold("split-2"), ...fold("split-3") })),
    DataError,
    "tree: a fold is missing: split-1; there are split-0, split-2, split-3",
  );
  await assertRejects(
    () => readFolds(folderOf({ ...fold("split-0"), "kfold.json": '{"n_splits": 4}' })),
    DataError,
    "tree: 1 folds are in it, but kfold.json has 4",
  );
  const padded = await readFolds(folderOf({ ...fold("split-00"), ...fold("split-01") }));
  assertEquals(padded.map(({ meta }) => meta.split), [0, 1]);
  await assertRejects(
    () => readSubset(folderOf({}), "test"),
    DataError,
    "neither test.tsv nor test_baseline.tsv",
  );
});

Deno.test("a split's folder has the subset's sessions only if it is longitudinal", () => {
  const labels = randomLabels(2, 40);
  const ids = [...labels.byPerson().keys()];
  const [train, test] = [ids.slice(8), ids.slice(0, 8)].map((side) => labels.of(new Set(side)));
  const meta = { subset_name: "test", valid_longitudinal: false };
  const plain = splitFiles(train, test, meta);
  assertEquals(Object.keys(plain).sort(), [
    "split.json",
    "test_baseline.tsv",
    "train.tsv",
    "train_baseline.tsv",
  ]);
  const longitudinal = splitFiles(train, test, { ...meta, valid_longitudinal: true });
  assert(longitudinal["test.tsv"].length > longitudinal["test_baseline.tsv"].length);
});
