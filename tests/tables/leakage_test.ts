import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { readTsv } from "../../src/formats/tsv.ts";
import { Random } from "../../src/random.ts";
import {
  assertNoLeakage,
  digestsOf,
  findLeakage,
  guardedSessions,
  leakageStatus,
} from "../../src/tables/leakage.ts";

const sessions = (...names: string[]) =>
  names.map((name) => {
    const [participant, session = "ses-M000", digest, cohort] = name.split(" ");
    return { participant, session, digest, cohort };
  });

Deno.test("two sessions of a person are the same person", () => {
  assertThrows(
    () =>
      assertNoLeakage([
        { role: "train", sessions: sessions("sub-1 ses-M000", "sub-2 ses-M000") },
        { role: "validation", sessions: sessions("sub-2 ses-M012") },
      ], "folds[0]"),
    DataError,
    "folds[0]: data leakage: train and validation share sub-2",
  );
});

Deno.test("an image under two names is one person, and both names are reported", () => {
  const tables = [
    { role: "train", sessions: sessions("sub-1 ses-M000 sha256-a") },
    { role: "test", sessions: sessions("sub-9 ses-M000 sha256-a", "sub-8 ses-M000 sha256-b") },
  ];
  assertEquals(findLeakage(tables), [{
    roles: ["train", "test"],
    participant: "sub-1 and sub-9 (the same image)",
  }]);
});

Deno.test("the same voxels in two files are one person under two names", () => {
  const [known] = sessions("sub-1 ses-M000 sha256-a");
  const [again, other] = sessions("sub-9 ses-M000 sha256-b", "sub-8 ses-M000 sha256-c");
  const tables = [
    { role: "train", sessions: [{ ...known, tensorDigest: "sha256-x" }] },
    {
      role: "test",
      sessions: [{ ...again, tensorDigest: "sha256-x" }, { ...other, tensorDigest: "sha256-y" }],
    },
  ];
  assertEquals(findLeakage(tables), [{
    roles: ["train", "test"],
    participant: "sub-1 and sub-9 (the same voxels)",
  }]);
  const table = readTsv(
    "participant_id\tsession_id\trole\tsource_digest\ttensor_digest\n" +
      "sub-1\tses-M000\ttrain\tsha256-a\tsha256-x\nsub-2\tses-M000\tother\tn/a\tn/a\n",
    "participants.tsv",
  );
  assertEquals(
    guardedSessions(table).map(({ digest, tensorDigest }) => [digest, tensorDigest]),
    [["sha256-a", "sha256-x"], [undefined, undefined]],
  );
});

Deno.test("every pair of roles is compared and everybody is named, up to a limit", () => {
  const many = Array.from({ length: 30 }, (_, i) => `sub-${100 + i}`);
  assertThrows(
    () =>
      assertNoLeakage([
        { role: "train", sessions: sessions("sub-1", ...many) },
        { role: "validation", sessions: sessions("sub-2") },
        { role: "test", sessions: sessions("sub-1", "sub-2", ...many) },
      ], "split"),
    DataError,
    "train and test share sub-1, sub-100, sub-101, sub-102, sub-103, sub-104, sub-105, sub-106 and 23 more; validation and test share sub-2",
  );
});

Deno.test("equal ids of two cohorts are two people where both tables know cohorts", () => {
  const adni = { role: "train", sessions: sessions("sub-1 ses-M000 - ADNI") };
  const oasis = { role: "test", sessions: sessions("sub-1 ses-M000 + OASIS") };
  const unknown = { role: "test", sessions: sessions("sub-1") };
  assertEquals(findLeakage([adni, oasis]), []);
  assertEquals(findLeakage([adni, unknown]).length, 1);
});

Deno.test("tables bring their digests, or get them from the images", () => {
  const index = readTsv(
    "participant_id\tsession_id\tsource_digest\tcohort\nsub-1\tses-M06\tsha256-a\tsingle\n",
    "index.tsv",
  );
  const labels = readTsv("participant_id\tsession_id\nsub-1\tses-M006\n", "labels.tsv");
  assertEquals(guardedSessions(labels, digestsOf(index)), [{
    participant: "sub-1",
    session: "ses-M006",
    cohort: undefined,
    digest: "sha256-a",
  }]);
  assertEquals(guardedSessions(index)[0].cohort, "single");
});

Deno.test("predicting on training data must be allowed, and unknown training is recorded", () => {
  const model = { sessions: sessions("sub-1", "sub-2"), complete: true };
  assertEquals(leakageStatus(model, sessions("sub-3"), false, "predict"), "none");
  assertEquals(leakageStatus(model, sessions("sub-3"), true, "predict"), "none");
  assertEquals(
    leakageStatus(model, sessions("sub-2 ses-M012"), true, "predict"),
    "predicting on training data",
  );
  assertEquals(
    leakageStatus({ ...model, complete: false }, sessions("sub-3"), false, "predict"),
    "not checkable",
  );
  assertThrows(
    () => leakageStatus(model, sessions("sub-2 ses-M012"), false, "predict"),
    DataError,
    "training and the predicted participants share sub-2",
  );
});

Deno.test("of hundreds of random assignments exactly those that share somebody are refused", () => {
  const random = new Random(3, "assignments");
  let refused = 0;
  for (let trial = 0; trial < 400; trial++) {
    const draw = () =>
      sessions(
        ...Array.from({ length: 1 + random.integer(6) }, () =>
          `sub-${random.integer(25)} ses-M${random.integer(3) * 12}`),
      );
    const tables = ["train", "validation", "test"].map((role) => ({ role, sessions: draw() }));
    const ids = tables.map((table) =>
      new Set(table.sessions.map(({ participant }) => participant))
    );
    const shared = [[0, 1], [0, 2], [1, 2]].some(([a, b]) => ids[a].intersection(ids[b]).size > 0);
    assertEquals(findLeakage(tables).length > 0, shared);
    refused += Number(shared);
  }
  assert(refused > 50 && refused < 350);
});

Deno.test("a person is found under an id without its prefix and with blanks", () => {
  const role = (name: string, participant: string) => ({
    role: name,
    sessions: [{ participant, session: "ses-M000" }],
  });
  assertEquals(findLeakage([role("train", "sub-00"), role("test", "00 ")]).length, 1);
});
