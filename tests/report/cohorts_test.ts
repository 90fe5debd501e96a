import { assert, assertEquals } from "@std/assert";
import { describeCohorts } from "../../src/report/cohorts.ts";
import { MadeRun } from "./made_run.ts";

const HEAD = "participant_id\tsession_id\tage\tsex\tdiagnosis\n";
const TRAIN = `${HEAD}sub-1\tses-M012\t71\tF\tAD
sub-1\tses-M000\t70\tF\tAD
sub-2\tses-M000\t80\tM\tCN
sub-3\tses-M000\tn/a\tM\tCN
`;
const VALIDATION = `${HEAD}sub-4\tses-M000\t60\tF\tAD\nsub-5\tses-M000\t65\tF\tCN\n`;
const TEST = `${HEAD}sub-6\tses-M000\t75\tM\tAD\n`;
const INDEX = `participant_id\tsession_id\tsource_digest\n` +
  [1, 2, 3, 4, 5, 6].map((n) => `sub-${n}\tses-M000\tdigest-${n}\n`).join("");

/** Two models of one fold, both with predictions of the test set. */
function trained(test = TEST, index = INDEX): Promise<MadeRun> {
  const model = (seed: number) => ({
    kind: "train.classification",
    inputs: {
      images: "slices.images",
      folds: { instance: "folds", output: "folds", index: 0 },
    },
    outputs: {
      model: { type: "model", draft: { meta: { split: 0, label: "diagnosis", seed } } },
    },
  });
  const predict = (which: string) => ({
    kind: "predict",
    inputs: { model: `${which}.model`, participants: "split.test" },
    outputs: {
      predictions: { type: "predictions", draft: { meta: { data_group: "test" } } },
    },
  });
  return MadeRun.make({
    slices: {
      kind: "extract.slices",
      outputs: { images: { type: "images", draft: { files: { "index.tsv": index } } } },
    },
    split: {
      kind: "split.holdout",
      outputs: { test: { type: "participants", draft: { files: { "table.tsv": test } } } },
    },
    folds: {
      kind: "split.kfold",
      outputs: {
        folds: {
          type: "folds",
          list: "fold",
          draft: { items: [{ files: { "train.tsv": TRAIN, "validation.tsv": VALIDATION } }] },
        },
      },
    },
    "train[seed=1]": model(1),
    "train[seed=2]": model(2),
    "predict[seed=1]": predict("train[seed=1]"),
    "predict[seed=2]": predict("train[seed=2]"),
  });
}

Deno.test("a fold is shown once, each role by the first session of its participants", async () => {
  await using run = await trained();
  const cohorts = await describeCohorts(run.artifacts);
  assertEquals(cohorts.length, 1);
  const [{ title, roles, tests, leakage }] = cohorts;
  assertEquals(title, "split 0");
  assertEquals(roles.map(({ role, participants, sessions }) => [role, participants, sessions]), [
    ["train", 3, 4],
    ["validation", 2, 2],
    ["test", 1, 1],
  ]);
  const { age } = roles[0].numeric;
  assertEquals([age.count, age.missing, age.mean, age.least, age.most], [2, 1, 75, 70, 80]);
  assertEquals(age.sd, 7.0711);
  assertEquals(roles[0].categorical, { sex: { F: 1, M: 2 }, diagnosis: { AD: 1, CN: 2 } });
  for (const role of roles) {
    const { histogram, count } = role.numeric.age;
    assertEquals(histogram!.counts.reduce((a, b) => a + b), count);
    assertEquals([histogram!.from, histogram!.to], [60, 80]);
  }
  assertEquals(tests.length, 9);
  // scipy.stats.ttest_ind([70, 80], [60, 65]).pvalue
  const found = tests.find(({ variable, roles }) =>
    variable === "age" && roles.join() === "train,validation"
  )!;
  assertEquals([found.test, found.p], ["t-test", 0.155]);
  assertEquals(leakage.overlaps, []);
  assertEquals(leakage.checked, "participants and the bytes of their images");
});

Deno.test("someone on two sides is named, by name or by the bytes of an image", async () => {
  await using same = await trained(`${HEAD}sub-2\tses-M000\t75\tM\tAD\n`);
  assertEquals((await describeCohorts(same.artifacts))[0].leakage.overlaps, [
    "sub-2 is in train and test",
  ]);
  await using twin = await trained(TEST, INDEX.replace("digest-6", "digest-4"));
  const [overlap] = (await describeCohorts(twin.artifacts))[0].leakage.overlaps;
  assert(/sub-4 and sub-6 .*is in validation and test/.test(overlap), overlap);
});

Deno.test("without training the split itself is shown", async () => {
  const part = (text: string) => ({
    type: "participants",
    draft: { files: { "table.tsv": text } },
  });
  await using run = await MadeRun.make({
    split: { kind: "split.holdout", outputs: { train: part(TRAIN), test: part(TEST) } },
  });
  const [{ title, roles, leakage }] = await describeCohorts(run.artifacts);
  assertEquals([title, roles.map(({ role }) => role)], ["split", ["train", "test"]]);
  assertEquals(leakage.checked, "participants");
});
