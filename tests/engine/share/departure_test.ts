/** What leaves a machine, and what stays until an option lets it go. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { run } from "../../../src/engine/run/run.ts";
import { listRuns, readRun } from "../../../src/engine/run/run_folder.ts";
import {
  type Classify,
  departing,
  divide,
  findDeparture,
  type Permit,
} from "../../../src/engine/share/departure.ts";
import { namesPersons } from "../../../src/engine/share/persons.ts";
import { placeRun, shareableRun } from "../../../src/engine/share/shared_run.ts";
import { DataError } from "../../../src/errors.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { defineStep } from "../../../src/workflow/step.ts";
import { inFolder } from "../scratch.ts";
import { toyWorkflow } from "../toy_workflow.ts";

/** Files of every sort. */
const study = defineStep({
  kind: "study",
  version: 1,
  summary: "Makes a study",
  params: z.object({ who: z.string().default("all").describe("whom") }),
  inputs: {},
  outputs: {
    data: { type: "caps", description: "images of persons" },
    model: { type: "model", description: "weights" },
    table: { type: "table", description: "numbers" },
    own: { type: "mine", description: "who knows" },
  },
  runs: "inline",
  run({ log }) {
    log("read sub-01 of /home/me/data");
    const rows = "participant_id\tage\nsub-01\t71\n";
    return Promise.resolve({
      data: { files: { "sub-01/image.nii.gz": new Uint8Array([1, 2, 255]), "rows.tsv": rows } },
      model: { files: { "weights.bin": new Uint8Array([9, 200]), "seen.tsv": rows } },
      table: { files: { "metrics.tsv": "accuracy\n0.8\n", "worst.tsv": "who\nsub-01\n" } },
      own: { files: { "anything.txt": "harmless" } },
    });
  },
});

const classify: Classify = (type, path) => {
  if (type === "mine") return undefined;
  if (path.endsWith(".gz")) return "images";
  return path === "rows.tsv" ? "participants" : "open";
};

async function departureOf(folder: string, params: Record<string, string> = {}) {
  const store = openStore(folder);
  await run(store, toyWorkflow({ study: { uses: study, with: params } }));
  const record = readRun(store, listRuns(store)[0])!;
  return { store, run: record, departure: await findDeparture(store, record.instances, classify) };
}

Deno.test("by default weights and metrics leave; images, tables of persons, logs and unknown types stay", () =>
  inFolder(async (folder) => {
    const { departure } = await departureOf(folder);
    const leaving = (...permits: Permit[]) =>
      divide(departure, new Set(permits)).files.map(({ name }) => name).sort();
    const open = [
      "study.model/weights.bin",
      "study.model: list of files",
      "study.own: list of files",
      "study.table/metrics.tsv",
      "study.table: list of files",
    ];
    assertEquals(leaving(), open);
    assertEquals(leaving("images"), ["study.data/sub-01/image.nii.gz", ...open]);
    // The file names of the data set name a person, as a table of metrics may.
    assertEquals(
      leaving("participants"),
      [
        "study log",
        "study.data/rows.tsv",
        "study.data: list of files",
        "study.table/worst.tsv",
        ...open,
      ].sort(),
    );
    const all = leaving("participants", "images");
    assertEquals(all.includes("study.own/anything.txt"), true);
    assertEquals(divide(departure, new Set(["images", "participants"])).held, []);
  }));

Deno.test("equal bytes that stay in one place stay in every other", () =>
  inFolder(async (folder) => {
    const { departure } = await departureOf(folder);
    const { held } = divide(departure, new Set());
    // The model's list of participants has the bytes of the data set's.
    assertEquals(held.some(({ name }) => name === "study.data/rows.tsv"), true);
    assertEquals(departure.files.some(({ name }) => name === "study.model/seen.tsv"), false);
  }));

Deno.test("a record that names a person stays, and a log that stays is not named by what leaves", () =>
  inFolder(async (folder) => {
    const { departure } = await departureOf(`${folder}/a`, { who: "sub-01" });
    assertEquals(divide(departure, new Set()).records, []);
    assertEquals(divide(departure, new Set(["participants"])).records.length, 1);
    const other = await departureOf(`${folder}/b`);
    const [{ record }] = other.departure.records;
    assertEquals(typeof record.log, "string");
    assertEquals(departing(record, divide(other.departure, new Set()).files).log, undefined);
    const all = divide(other.departure, new Set(["participants"])).files;
    assertEquals(departing({ ...record, from: "x" }, all), record);
  }));

Deno.test("the record of a run leaves without paths of this machine and without messages", () =>
  inFolder(async (folder) => {
    const { run: made } = await departureOf(folder);
    const { workflow } = made;
    const entry = {
      ...made.instances[0],
      params: { where: "/nowhere/caps", other: "/data/adni/caps", list: ["/nowhere/a", "plain"] },
      message: "sub-01 has no image",
      logPath: "/nowhere/log",
    };
    const shared = shareableRun({
      ...made,
      instances: [entry],
      request: { set: ["a.b=/data/adni/caps", "params.n=3"], includeFrom: ["/lab"] },
    });
    const text = JSON.stringify(shared);
    for (const secret of ["/nowhere", "/data", "/lab", folder, "sub-01"]) {
      assertEquals(text.includes(secret), false, secret);
    }
    assertEquals(shared.instances[0].params, {
      where: "caps",
      other: "elsewhere/caps",
      list: ["a", "plain"],
    });
    assertEquals(shared.request!.set, ["a.b=elsewhere/caps", "params.n=3"]);
    const placed = placeRun(shared, "/home/you/study");
    assertEquals(placed.workflow.file, "/home/you/study/toy.toml");
    assertEquals(Object.values(placed.workflow.sources), Object.values(workflow.sources));
  }));

Deno.test("a run from elsewhere that names paths outside its folder is refused", () =>
  inFolder(async (folder) => {
    const { run: made } = await departureOf(folder);
    const shared = shareableRun(made);
    for (const file of ["/../x.toml", "x.toml", "/a//b", "/a\\b"]) {
      const hostile = { ...shared, workflow: { ...shared.workflow, file } };
      let error: unknown;
      try {
        placeRun(hostile, "/home/you");
      } catch (cause) {
        error = cause;
      }
      assertEquals(error instanceof DataError, true, file);
    }
  }));

Deno.test("BIDS's identifiers and tables of participants are recognised in texts, weights' names are not", () => {
  for (const text of ["sub-01", "a\nsub-ADNI002S0295\t1", '"x/sub-1_T1w"', "participant_id\tage"]) {
    assertEquals(namesPersons(text), true, text);
  }
  for (const text of ["", "sub-", "subject", "layer1.sub.weight", "absub-1", "participants\n12"]) {
    assertEquals(namesPersons(text), false, text);
  }
});
