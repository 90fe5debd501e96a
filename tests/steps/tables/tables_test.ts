import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Project } from "../workflows.ts";

/** A merged table of 40 participants with two sessions each. */
function mergedTable(): string {
  const rows = Array.from({ length: 40 }, (_, i) => {
    const who = `sub-${String(i).padStart(2, "0")}`;
    const [sex, diagnosis] = [i % 3 === 0 ? "M" : "F", i % 2 === 0 ? "AD" : "CN"];
    return [0, 12].map((months) =>
      [who, `ses-M${String(months).padStart(3, "0")}`, 60 + (i * 7) % 25, sex, diagnosis].join("\t")
    );
  }).flat();
  return ["participant_id\tsession_id\tage\tsex\tdiagnosis", ...rows].join("\n") + "\n";
}

const TABLES = `
[steps.labels]
uses = "labels.get"
with.merged_tsv = "merged.tsv"
[steps.split]
uses = "split.holdout"
in.labels = "labels"
with = { subset_name = "test", n_test = 0.2, seed = 4, p_age_threshold = 0.5, p_sex_threshold = 0.5 }
[steps.folds]
uses = "split.kfold"
in.labels = "split.train"
with = { n_splits = 4, seed = 4 }
[publish]
"out/labels.tsv" = "labels"
"out/split" = "split.tables"
"out/4_fold" = "folds"
`;

const idsOf = (text: string) =>
  new Set(text.trim().split("\n").slice(1).map((line) => line.split("\t")[0]));

Deno.test("labels, split and folds publish the tree that ClinicaDL reads", async () => {
  await using project = await Project.create();
  await project.write("merged.tsv", mergedTable());
  await project.run(TABLES);
  assertEquals(await project.read("out/labels.tsv"), mergedTable());

  const account = JSON.parse(await project.read("out/split/split.json"));
  assertEquals([account.n_train_participants, account.n_subset_participants], [32, 8]);
  assert(account.matched && account.p_age >= 0.5 && account.p_sex >= 0.5);
  const train = idsOf(await project.read("out/split/train.tsv"));
  const test = idsOf(await project.read("out/split/test_baseline.tsv"));
  assertEquals([train.size, test.size, train.intersection(test).size], [32, 8, 0]);
  await assertRejects(() => project.read("out/split/test.tsv"), Deno.errors.NotFound);

  const validated = new Set<string>();
  for (const split of [0, 1, 2, 3]) {
    const fold = idsOf(await project.read(`out/4_fold/split-${split}/train_baseline.tsv`));
    const validation = await project.read(`out/4_fold/split-${split}/validation.tsv`);
    assertEquals(validation.trim().split("\n").length, 1 + 2 * 8, "all sessions");
    for (const participant of idsOf(validation)) {
      assert(!fold.has(participant) && !validated.has(participant) && train.has(participant));
      validated.add(participant);
    }
  }
  assertEquals(validated, train);
  assertEquals(JSON.parse(await project.read("out/4_fold/kfold.json")).n_splits, 4);
});

Deno.test("a published tree is opened again with the same bytes", async () => {
  await using project = await Project.create();
  await project.write("merged.tsv", mergedTable());
  await project.run(TABLES);
  await project.run(`
[steps.labels]
uses = "tables.open"
with = { path = "out/labels.tsv", content = "labels" }
[steps.split]
uses = "tables.open"
with = { path = "out/split", content = "split" }
[steps.folds]
uses = "tables.open"
with = { path = "out/4_fold", content = "kfold" }
[publish]
"again/labels.tsv" = "labels"
"again/train.tsv" = "split.train"
"again/test" = "split.test"
"again/4_fold" = "folds"
`);
  const same = async (a: string, b: string) =>
    assertEquals(await project.read(a), await project.read(b));
  await same("again/labels.tsv", "out/labels.tsv");
  await same("again/train.tsv", "out/split/train.tsv");
  await same("again/test", "out/split/test_baseline.tsv");
  for (const file of ["train.tsv", "validation_baseline.tsv"]) {
    await same(`again/4_fold/split-3/${file}`, `out/4_fold/split-3/${file}`);
  }
});

Deno.test("a split on disk that shares a participant is refused by name", async () => {
  await using project = await Project.create();
  const header = "participant_id\tsession_id\tdiagnosis\n";
  await project.write("split/train.tsv", `${header}sub-1\tses-M000\tAD\nsub-2\tses-M000\tCN\n`);
  await project.write("split/test_baseline.tsv", `${header}sub-2\tses-M012\tCN\n`);
  const error = await assertRejects(() =>
    project.run(`
[steps.split]
uses = "tables.open"
with = { path = "split", content = "split" }
`)
  );
  assertStringIncludes((error as Error).message, "data leakage: train and test share sub-2");
});

Deno.test("a table behind a broken link is not replaced by the table of first sessions", async () => {
  await using project = await Project.create();
  const header = "participant_id\tsession_id\tdiagnosis\n";
  await project.write("split/train_baseline.tsv", `${header}sub-1\tses-M000\tAD\n`);
  await project.write("split/test_baseline.tsv", `${header}sub-2\tses-M000\tCN\n`);
  await Deno.symlink("nowhere.tsv", `${project.folder}/split/train.tsv`);
  const error = await assertRejects(() =>
    project.run(`
[steps.split]
uses = "tables.open"
with = { path = "split", content = "split" }
`)
  );
  assertStringIncludes((error as Error).message, "train.tsv: a link to nowhere.tsv, which is not");
});

Deno.test("rows in another order and columns that are not used change nothing downstream", async () => {
  await using project = await Project.create();
  await project.write("merged.tsv", mergedTable());
  await project.run(TABLES);
  const [header, ...rows] = mergedTable().trim().split("\n");
  const shuffled = [header + "\tsite", ...rows.toReversed().map((row) => row + "\tA")];
  await project.write("merged.tsv", shuffled.join("\n") + "\n");
  const { result } = await project.run(TABLES);
  assertEquals([result.counts.done, result.counts.cached], [1, 2]);
});

Deno.test("a split that can't be matched warns with its p-values", async () => {
  await using project = await Project.create();
  await project.write("merged.tsv", mergedTable());
  const { warnings } = await project.run(TABLES, [
    "split.p_age_threshold=1",
    "split.p_sex_threshold=1",
    "split.max_draws=5",
  ]);
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0], "8 of 40 participants set aside after 5 draws: p(age) = 0.");
  assertStringIncludes(warnings[0], "no draw reached the thresholds, this is the best one");
});

Deno.test("missing_mods and a restriction table choose sessions", async () => {
  await using project = await Project.create();
  await project.write("merged.tsv", mergedTable());
  const modalities = (present: number) =>
    [
      "participant_id\tt1w",
      ...Array.from({ length: 40 }, (_, i) =>
        `sub-${String(i).padStart(2, "0")}\t${i < present ? 1 : 0}`),
    ].join("\n") + "\n";
  await project.write("mods/missing_mods_ses-M000.tsv", modalities(10));
  await project.write("mods/missing_mods_ses-M012.tsv", modalities(4));
  await project.write(
    "keep.tsv",
    "participant_id\tsession_id\nsub-01\tses-M00\nsub-03\tses-M12\nsub-09\tses-M12\n",
  );
  const { logs } = await project.run(`
[steps.labels]
uses = "labels.get"
with = { merged_tsv = "merged.tsv", missing_mods = "mods", restriction_tsv = "keep.tsv" }
[steps.analysis]
uses = "labels.analysis"
in.labels = "labels"
[publish]
"out/labels.tsv" = "labels"
"out/analysis.tsv" = "analysis"
`);
  const lines = (await project.read("out/labels.tsv")).trim().split("\n").slice(1);
  assertEquals(lines.map((line) => line.split("\t").slice(0, 2).join(" ")), [
    "sub-01 ses-M000",
    "sub-03 ses-M012",
  ]);
  assertStringIncludes(logs.join("\n"), "14 with an image");
  assertStringIncludes(await project.read("out/analysis.tsv"), "CN\t2\t");
});
