/** `labels.get` leaves out what the registration could not do. */
import { assertEquals, assertRejects } from "@std/assert";
import { capsOutput } from "../../../src/artifacts/caps.ts";
import { type AssessedHead, qualityOutput, readQuality } from "../../../src/artifacts/quality.ts";
import { DataError } from "../../../src/errors.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import { SINGLE_COHORT } from "../../../src/tables/identity.ts";
import get from "../../../src/steps/labels/get.ts";
import { MemoryStore } from "../memory.ts";

const GOOD = {
  mutual_information: 0.8,
  correlation: 0.6,
  scale_x: 1,
  scale_y: 1,
  scale_z: 1,
  shear: 0.01,
  rotation: 3,
  shift: 5,
  field_range: 1.4,
};

/** Twelve people: the third image failed, the fifth fits badly. */
function assessed(cohortOf: (index: number) => string = () => SINGLE_COHORT): AssessedHead[] {
  return Array.from({ length: 12 }, (_, i) => ({
    participant: `sub-${String(i).padStart(2, "0")}`,
    session: "ses-M000",
    cohort: cohortOf(i),
    result: i === 2
      ? { failure: 'no head: "skull-stripped"' }
      : { ...GOOD, correlation: i === 4 ? -0.2 : 0.6 + i / 1000 },
  }));
}

async function labelled(heads: readonly AssessedHead[], columns: readonly string[] = []) {
  const store = new MemoryStore();
  const { digest, size } = await store.put("image");
  const images = heads.filter(({ result }) => !("failure" in result)).map((head) => ({
    ...head,
    path: `${head.participant}.nii.gz`,
    digest: digest.replace(/..$/, head.participant.slice(-2)),
    size,
  }));
  const caps = capsOutput({ source: "bids", preprocessing: "t1-linear" } as never, {
    images,
    sessions: {
      columns: ["participant_id", "session_id", "diagnosis", ...columns],
      rows: heads.map(({ participant, session, cohort }, i) => [
        participant,
        session,
        i % 2 === 0 ? "AD" : "CN",
        ...columns.map(() => cohort),
      ]),
    },
  });
  const context = store.context(get.params.parse({}), {
    caps: await store.artifact("caps", caps),
    quality: await store.artifact("quality", qualityOutput(heads)),
  });
  const { labels } = await get.run(context);
  const table = readTsv(labels.files!["table.tsv"] as string, "labels");
  return { kept: table.rows.map(([participant]) => participant), warnings: store.warnings };
}

Deno.test("labels leave out images that failed in the registration and its outliers, and name them", async () => {
  const { kept, warnings } = await labelled(assessed());
  assertEquals(kept.length, 10);
  assertEquals(kept.includes("sub-02") || kept.includes("sub-04"), false);
  assertEquals(warnings.filter((text) => text.includes("left out")), [
    "1 labelled sessions have no image and are left out: sub-02 ses-M000",
    "1 labelled sessions failed in the registration or are its outliers and are left out: sub-04 ses-M000",
  ]);
});

Deno.test("labels of several cohorts leave out the person of the right one", async () => {
  const heads = assessed((i) => i < 6 ? "A" : "B");
  const twin = { ...heads[4], cohort: "B", result: GOOD };
  const { kept } = await labelled([...heads, twin], ["cohort"]);
  assertEquals(kept.filter((participant) => participant === "sub-04").length, 1);
});

Deno.test("a table of quality is read as it was written", async () => {
  const store = new MemoryStore();
  const artifact = await store.artifact("quality", qualityOutput(assessed()));
  assertEquals(artifact.meta, { heads: 12, outliers: 1, failed: 1 });
  const heads = await readQuality(artifact);
  assertEquals(heads[0], {
    participant: "sub-00",
    session: "ses-M000",
    cohort: SINGLE_COHORT,
    measures: GOOD,
    outlier: false,
    reason: "",
  });
  assertEquals([heads[2].measures, heads[2].outlier, heads[2].reason], [
    undefined,
    false,
    'no head: "skull-stripped"',
  ]);
  assertEquals([heads[4].outlier, heads[4].reason.startsWith("correlation -0.2 (z -")], [
    true,
    true,
  ]);
  const damaged = await store.artifact("quality", { files: { "quality.tsv": "participant_id\n" } });
  await assertRejects(() => readQuality(damaged), DataError, "quality.tsv");
});
