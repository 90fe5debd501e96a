/** Bundles: what is opened continues as the run did, and a hostile one makes nothing. */
import { assertEquals, assertRejects } from "@std/assert";
import { plan } from "../../../src/engine/plan/plan.ts";
import { run } from "../../../src/engine/run/run.ts";
import { listRuns, readRun } from "../../../src/engine/run/run_folder.ts";
import { Archive } from "../../../src/engine/share/archive.ts";
import { BUNDLE_FILE, writeBundle } from "../../../src/engine/share/bundle.ts";
import { divide, findDeparture, type Permit } from "../../../src/engine/share/departure.ts";
import { openBundle } from "../../../src/engine/share/open_bundle.ts";
import { openArtifact } from "../../../src/engine/store/artifact.ts";
import { digestOf } from "../../../src/engine/store/digest.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { DataError } from "../../../src/errors.ts";
import { inFolder } from "../scratch.ts";
import { toyWorkflow } from "../toy_workflow.ts";
import { storedZip, type ZipEntry } from "./stored_zip.ts";

const stepModule = new URL("../toy_steps.ts", import.meta.url).href;

const workflow = (folder: string) =>
  toyWorkflow({
    data: { uses: "folder", with: { path: `${folder}/data` } },
    count: { uses: "count", in: { folder: "data" } },
    word: { uses: "constant", with: { text: "files" } },
    end: { uses: "join", in: { values: ["count", "word"] } },
  }, { folder, publish: { "end.txt": "end" } });

/** A bundle of a run whose data are in `folder/a/data`. */
async function bundled(folder: string, permits: Permit[] = ["images", "participants"]) {
  await Deno.mkdir(`${folder}/a/data`, { recursive: true });
  await Deno.writeTextFile(`${folder}/a/data/one.txt`, "the first");
  const store = openStore(`${folder}/a/.gyrus`);
  const { errors } = await run(store, workflow(`${folder}/a`), { stepModule });
  assertEquals(errors, []);
  const record = readRun(store, listRuns(store)[0])!;
  const departure = await findDeparture(
    store,
    record.instances,
    (_, path) => path === "one.txt" ? "images" : "open",
  );
  const path = `${folder}/study.zip`;
  const request = {
    run: record,
    division: divide(departure, new Set(permits)),
    permits: new Set(permits),
    sources: ["data"],
    texts: new Map([["toy.lock.json", "{}\n"]]),
  };
  await writeBundle(store, request, path);
  return { path, record, request, store };
}

Deno.test("what is opened has the workflow, its crate and all results, and continues without the data", () =>
  inFolder(async (folder) => {
    const { path, record } = await bundled(folder, []);
    await Deno.remove(`${folder}/a`, { recursive: true });
    const opened = await openBundle(path, `${folder}/b`, "study.zip");
    assertEquals(opened.workflow, `${folder}/b/toy.toml`);
    assertEquals([...Deno.readDirSync(`${folder}/b`)].map(({ name }) => name).sort(), [
      ".gyrus",
      "published",
      "ro-crate-metadata.json",
      "toy.lock.json",
      "toy.toml",
    ]);
    assertEquals(await Deno.readTextFile(`${folder}/b/published/end.txt`), "1+files");
    const store = openStore(`${folder}/b/.gyrus`);
    assertEquals(readRun(store, record.id)!.workflow.folder, `${folder}/b`);
    const warnings: string[] = [];
    const again = await run(store, workflow(`${folder}/b`), {
      stepModule,
      onEvent: (event) => {
        if (event.type === "instance-log") warnings.push(event.message);
      },
    });
    assertEquals([again.errors, again.counts], [[], { cached: 4, done: 0, failed: 0, skipped: 0 }]);
    assertEquals(warnings, [
      "its data are not on this machine; what study.zip recorded of them is used",
    ]);
    assertEquals(
      new Set(readRun(store, again.id!)!.instances.map(({ from }) => from)),
      new Set(["study.zip"]),
    );
    // Another end of the same results.
    const longer = toyWorkflow({
      data: { uses: "folder", with: { path: `${folder}/b/data` } },
      count: { uses: "count", in: { folder: "data" } },
      more: { uses: "join", with: { separator: "-" }, in: { values: ["count", "count"] } },
    });
    const more = await run(store, longer, { stepModule });
    assertEquals([more.errors, more.counts.cached, more.counts.done], [[], 2, 1]);
    const output = more.nodes.get("more")!.outputs!.value;
    assertEquals(await openArtifact(store, output).readText("value.txt"), "1-1");
  }));

Deno.test("data that are on this machine are read, whatever the bundle recorded of others", () =>
  inFolder(async (folder) => {
    const { path } = await bundled(folder);
    await openBundle(path, `${folder}/b`, "study.zip");
    await Deno.mkdir(`${folder}/b/data`);
    for (const name of ["one.txt", "two.txt"]) {
      await Deno.writeTextFile(`${folder}/b/data/${name}`, name);
    }
    const store = openStore(`${folder}/b/.gyrus`);
    const { counts } = await plan(store, workflow(`${folder}/b`));
    assertEquals(counts, { "cached": 2, "will-run": 1, "may-run": 1, "unwanted": 0 });
  }));

Deno.test("a bundle shows no path of its machine, and texts that name persons need their permit", () =>
  inFolder(async (folder) => {
    const { path, request, store } = await bundled(folder, []);
    using archive = await Archive.open(path);
    for (const name of archive.entries.keys()) {
      const text = new TextDecoder().decode(await archive.read(name));
      assertEquals(text.includes(folder), false, name);
    }
    const texts = new Map([["toy.lock.json", "sub-01"]]);
    const refused = () => writeBundle(store, { ...request, texts }, `${folder}/c.zip`);
    await assertRejects(refused, DataError, "--participants lets it leave");
    const permits = new Set<Permit>(["participants"]);
    await writeBundle(store, { ...request, texts, permits }, `${folder}/c.zip`);
  }));

/** The files of a bundle, to be changed. */
async function entriesOf(path: string): Promise<ZipEntry[]> {
  using archive = await Archive.open(path);
  const entries: ZipEntry[] = [];
  for (const name of archive.entries.keys()) {
    entries.push({ name, content: await archive.read(name) });
  }
  return entries;
}

Deno.test("a bundle with wrong bytes, false records or names that could do harm makes no folder", () =>
  inFolder(async (folder) => {
    const { path } = await bundled(folder);
    const entries = await entriesOf(path);
    const isObject = ({ name }: ZipEntry) => name.startsWith("objects/");
    const isRecord = ({ name }: ZipEntry) => name.startsWith("records/");
    const records = entries.filter(isRecord);
    const headOf = (head: object): ZipEntry => ({
      name: BUNDLE_FILE,
      content: JSON.stringify(head),
    });
    const head = JSON.parse(
      new TextDecoder().decode(
        entries.find(({ name }) => name === BUNDLE_FILE)!.content as Uint8Array,
      ),
    );
    const without = (text: string) => entries.filter(({ name }) => !name.includes(text));
    const hostile: Record<string, ZipEntry[]> = {
      "wrong bytes": entries.map((entry) => isObject(entry) ? { ...entry, content: "x" } : entry),
      "an object of no name": [...entries, { name: "objects/ab/x", content: "x" }],
      "an object elsewhere": [...entries, { name: `objects/00/${digestOf("x")}`, content: "x" }],
      "records of others": entries.map((entry) =>
        isRecord(entry)
          ? { ...entry, content: records.find((other) => other !== entry)!.content }
          : entry
      ),
      "a torn record": entries.map((entry) => isRecord(entry) ? { ...entry, content: "{" } : entry),
      "hidden files": [...entries, { name: ".git/hooks/post-checkout", content: "rm" }],
      "a hidden cache": [...entries, { name: ".gyrus/pins.json", content: "{}" }],
      "no head": without(BUNDLE_FILE),
      "no run": without("run.json"),
      "no workflow": without("toy.toml"),
      "a run outside": [...without(BUNDLE_FILE), headOf({ ...head, run: "../../../x" })],
      "another version": [...without(BUNDLE_FILE), headOf({ ...head, version: 2 })],
      "false sources": [...without(BUNDLE_FILE), headOf({ ...head, sources: { data: "../x" } })],
    };
    for (const [name, changed] of Object.entries(hostile)) {
      await Deno.writeFile(`${folder}/${name}.zip`, storedZip(changed));
      const open = () => openBundle(`${folder}/${name}.zip`, `${folder}/c`, "x.zip");
      await assertRejects(open, DataError, undefined, name);
      assertEquals(await Deno.stat(`${folder}/c`).catch(() => undefined), undefined, name);
    }
    await Deno.writeFile(`${folder}/same.zip`, storedZip(entries));
    await openBundle(`${folder}/same.zip`, `${folder}/c`, "x.zip");
  }));

Deno.test("a folder that has something in it is left alone", () =>
  inFolder(async (folder) => {
    const { path } = await bundled(folder);
    await Deno.mkdir(`${folder}/b`);
    await Deno.writeTextFile(`${folder}/b/mine.txt`, "mine");
    await assertRejects(() => openBundle(path, `${folder}/b`, "x"), DataError, "is not empty");
    assertEquals([...Deno.readDirSync(`${folder}/b`)].map(({ name }) => name), ["mine.txt"]);
  }));
