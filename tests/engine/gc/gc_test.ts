import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { gc, type GcOptions } from "../../../src/engine/gc/gc.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { run } from "../../../src/engine/run/run.ts";
import {
  cacheStats,
  findKeys,
  listCache,
  removeResults,
  verifyCache,
} from "../../../src/engine/store/cache.ts";
import { pin, unpin } from "../../../src/engine/store/pins.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import type { Json } from "../../../src/workflow/step.ts";
import { newRunId } from "../../../src/engine/run/run_folder.ts";
import { inFolder } from "../scratch.ts";
import { type ToyInstance, toyWorkflow } from "../toy_workflow.ts";

const LATER = () => Date.now() + 7_200_000;

function workflow(text: string, more: Record<string, ToyInstance> = {}, folder = "/nowhere") {
  return toyWorkflow({
    text: { uses: "constant", with: { text } },
    joined: { uses: "join", in: { values: ["text", "text"] } },
    trained: { uses: "train", with: { epochs: 3, rate: text.length } },
    words: { uses: "memoized", with: { words: [text] } },
    ...more,
  }, { folder });
}

/** What a collection two hours from now removes besides old runs, by kind of step or of file. */
function collected(cache: string, options: GcOptions = {}): string[] {
  const { removals } = gc(openStore(cache), { now: LATER(), ...options });
  return removals.filter(({ what }) => what !== "run").map(({ what, kind }) =>
    kind ? `${what} ${kind}` : what
  ).sort();
}

const RESULTS = [
  "checkpoint train",
  "memo memoized",
  "result constant",
  "result join",
  "result memoized",
  "result train",
];

Deno.test("the last runs are kept with all they reach, earlier ones go with all that is theirs", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await run(openStore(cache), workflow("old"));
    await run(openStore(cache), workflow("newer"));
    assertEquals(collected(cache), []);
    assertEquals(collected(cache, { keepRuns: 1, dryRun: true }), RESULTS);
    assertEquals(collected(cache, { keepRuns: 1 }), RESULTS);
    assertEquals((await plan(openStore(cache), workflow("newer"))).counts.cached, 4);
    const lost = await plan(openStore(cache), workflow("old"));
    assertEquals([lost.counts.cached, lost.counts["may-run"]], [0, 1]);
    const verified = await verifyCache(openStore(cache));
    assertEquals([verified.corrupt, verified.incomplete], [[], []]);
    // The longer epochs of the newer run still go on from its checkpoint.
    const longer = workflow("newer", { trained: { uses: "train", with: { epochs: 5, rate: 5 } } });
    const planned = (await plan(openStore(cache), longer)).byName.get("trained")!;
    assertEquals(planned.resumesFrom, 3);
  }));

Deno.test("what stays is counted by the first reason for it", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await run(openStore(cache), workflow("old"));
    const kept = (options: GcOptions) =>
      Object.keys(gc(openStore(cache), { now: LATER(), dryRun: true, ...options }).kept);
    assertEquals(kept({}), ["recent runs"]);
    assertEquals(kept({ keepRuns: 0, now: Date.now() }), ["younger than an hour"]);
    await pin(openStore(cache), findKeys(openStore(cache), "constant"), "");
    assertEquals(kept({ keepRuns: 0 }), ["pins"]);
  }));

Deno.test("nothing younger than an hour goes, nor anything of the future", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await run(openStore(cache), workflow("old"));
    assertEquals(collected(cache, { keepRuns: 0, now: Date.now() }), []);
    assertEquals(collected(cache, { keepRuns: 0, now: Date.now() - 86_400_000 }), []);
  }));

Deno.test("equal runs count once among the last runs", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await run(openStore(cache), workflow("old"));
    for (let i = 0; i < 3; i++) await run(openStore(cache), workflow("newer"));
    assertEquals(collected(cache, { keepRuns: 2 }), []);
  }));

Deno.test("pins, publications and keep are roots", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/.gyrus`;
    const old = workflow("old", {
      kept: { uses: "constant", with: { text: "kept" }, execution: { keep: true } },
    }, folder);
    const publishing = {
      ...old,
      publications: [{
        path: "joined.txt",
        isFile: true,
        binding: { instance: "joined", output: "value" },
        place: { file: "", keys: [] },
      }],
    };
    const first = await run(openStore(cache), publishing);
    assertEquals(first.status, "done");
    const { key } = first.nodes.get("words")!;
    await pin(openStore(cache), [key!], "for the paper");
    await run(openStore(cache), workflow("newer"));
    assertEquals(collected(cache, { keepRuns: 1 }), [
      "checkpoint train",
      "result constant",
      "result train",
    ]);
    await unpin(openStore(cache), [key!]);
    assertEquals(collected(cache, { keepRuns: 1 }), ["memo memoized", "result memoized"]);
  }));

Deno.test("under a cap, what costs the least seconds a byte goes first, down to 80 %", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const sized = (name: string, letter: string): [string, ToyInstance] => [
      name,
      { uses: "constant", with: { text: letter.repeat(100_000) } },
    ];
    const { size } = { size: 5 };
    const letters = Array.from({ length: size }, (_, i) => String.fromCharCode(97 + i));
    await run(
      openStore(cache),
      toyWorkflow(Object.fromEntries(letters.map((letter) => sized(letter, letter)))),
    );
    // The dearer ones took longer.
    const store = openStore(cache);
    for (const { record } of listCache(store)) {
      const text = record.parts.params.text as string;
      await store.publishRecord({ ...record, seconds: text.charCodeAt(0) });
    }
    const { bytesBefore } = gc(store, { dryRun: true });
    assertEquals(collected(cache, { keepRuns: 0, maxBytes: bytesBefore + 1 }), []);
    const result = gc(store, { keepRuns: 0, maxBytes: bytesBefore - 1, now: LATER() });
    assert(result.bytesAfter <= 0.8 * bytesBefore);
    const left = listCache(openStore(cache)).map(({ record }) =>
      (record.parts.params.text as string)[0]
    ).sort();
    assertEquals(left, ["c", "d", "e"]);
  }));

Deno.test("leftovers of killed runs are removed, and a torn record is set aside", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const result = await run(openStore(cache), workflow("old"));
    const store = openStore(cache);
    await store.putObject(new TextEncoder().encode("nobody names me"));
    await Deno.writeTextFile(`${cache}/tmp/left`, "half");
    await Deno.writeTextFile(`${cache}/leases/left`, "");
    assertEquals(collected(cache), ["lease", "object", "temporary"]);
    const path = store.recordPath(result.nodes.get("text")!.key!);
    await Deno.chmod(path, 0o644);
    await Deno.truncate(path, 30);
    assertEquals((await verifyCache(store)).corrupt.length, 1);
    assertEquals((await plan(openStore(cache), workflow("old"))).counts["will-run"], 1);
  }));

/** Puts a link in a place, to a folder with a file. */
async function linkOut(folder: string, link: string): Promise<string> {
  const victim = `${folder}/victim`;
  await Deno.mkdir(victim, { recursive: true });
  await Deno.writeTextFile(`${victim}/precious.txt`, "mine");
  await Deno.remove(link, { recursive: true }).catch(() => {});
  await Deno.symlink(victim, link);
  return `${victim}/precious.txt`;
}

Deno.test("a symbolic link in a cache is removed, and all that it leads to stays", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await run(openStore(cache), workflow("old"));
    const planted = "2020-01-01T00-00-00-000-abcdef";
    await Deno.mkdir(`${cache}/runs/${planted}/failed`, { recursive: true });
    await Deno.mkdir(`${cache}/quarantine`);
    const prefix = [...Deno.readDirSync(`${cache}/objects`)]
      .find(({ name }) => [...Deno.readDirSync(`${cache}/objects/${name}`)].length === 0)!;
    const links = [
      `runs/${planted}/failed/x`,
      "runs/2020-01-01T00-00-00-000-fedcba",
      "tmp",
      "leases",
      "memo/00.jsonl",
      "quarantine/sha256-0.1",
      `objects/${prefix.name}`,
    ].map((path) => `${cache}/${path}`);
    let precious = "";
    for (const link of links) precious = await linkOut(folder, link);
    gc(openStore(cache), { now: LATER() });
    assertEquals(await Deno.readTextFile(precious), "mine");
    assertEquals((await verifyCache(openStore(cache))).corrupt, []);
    for (const link of links) {
      const isLink = await Deno.lstat(link).then((stat) => stat.isSymlink, () => false);
      assert(!isLink, `${link} is still there`);
    }
  }));

Deno.test("a cache whose objects are elsewhere by a link is not collected, nor one whose records are", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await run(openStore(cache), workflow("old"));
    for (const name of ["objects", "records"]) {
      await Deno.rename(`${cache}/${name}`, `${folder}/${name}`);
      await Deno.symlink(`${folder}/${name}`, `${cache}/${name}`);
      assertThrows(() => gc(openStore(cache), { now: LATER() }), DataError, "is a symbolic link");
      await Deno.remove(`${cache}/${name}`);
      await Deno.rename(`${folder}/${name}`, `${cache}/${name}`);
    }
    // The cache itself may be a link.
    await Deno.rename(cache, `${folder}/big disk`);
    await Deno.symlink(`${folder}/big disk`, cache);
    assertEquals(collected(cache), []);
    assertEquals((await plan(openStore(cache), workflow("old"))).counts.cached, 4);
  }));

Deno.test("half-written memos and reports, old readings and what was set aside go with age", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const { id } = await run(openStore(cache), workflow("old"));
    const uuid = crypto.randomUUID();
    for (const name of ["copies", "quarantine", "readings"]) await Deno.mkdir(`${cache}/${name}`);
    const left = [
      `memo/7.${uuid}`,
      `copies/255.${uuid}`,
      `runs/${id}/report.html.${uuid}`,
      `runs/${id}/.gyrus-${uuid}`,
      "readings/0123456789abcdef",
      `quarantine/sha256-0.${Date.now() - 86_400_000}`,
    ].map((path) => `${cache}/${path}`);
    const kept = [`memo/00.jsonl`, `quarantine/sha256-1.${Date.now()}`]
      .map((path) => `${cache}/${path}`);
    for (const path of [...left, ...kept]) await Deno.writeTextFile(path, "x");
    const { bytesBefore, bytesAfter } = gc(openStore(cache), { now: Date.now() });
    // Nothing is old enough.
    const there = (path: string) => Deno.lstat(path).then(() => true, () => false);
    assertEquals(await Promise.all(left.map(there)), [true, true, true, true, true, true]);
    assertEquals(bytesAfter, bytesBefore);
    gc(openStore(cache), { now: LATER() });
    assertEquals(await Promise.all(left.map(there)), [false, false, false, false, false, false]);
    assertEquals(await Promise.all(kept.map(there)), [true, true]);
  }));

Deno.test("verify finds every flipped bit and what it makes incomplete", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const result = await run(openStore(cache), workflow("old"));
    const store = openStore(cache);
    const { digest } = result.nodes.get("joined")!.outputs!.value;
    const path = store.objectPath(digest);
    await Deno.chmod(path, 0o644);
    const bytes = await Deno.readFile(path);
    bytes[3] ^= 1;
    await Deno.writeFile(path, bytes);
    const verified = await verifyCache(store);
    assertEquals(verified.corrupt, [digest]);
    assertEquals(verified.incomplete.map(({ kind, state }) => [kind, state]), [[
      "join",
      "missing",
    ]]);
  }));

Deno.test("results are counted, listed, found by digits and removed", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const result = await run(openStore(cache), workflow("old"));
    const store = openStore(cache);
    const stats = cacheStats(store);
    assertEquals([stats.results, stats.memos, stats.checkpoints], [4, 1, 1]);
    assertEquals(listCache(store, "join").map(({ state }) => state), ["present"]);
    const key = result.nodes.get("joined")!.key!;
    assertEquals(findKeys(store, key.slice(7, 27)), [key]);
    assertEquals(findKeys(store, "join"), [key]);
    removeResults(store, [key]);
    assertEquals(listCache(store, "join"), []);
    const params: Json = listCache(store, "constant")[0].record.parts.params;
    assertEquals(params, { text: "old" });
  }));

Deno.test("runs go with their logs once they are no roots, or found nothing to do before a later one", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const once = async (text: string) => (await run(openStore(cache), workflow(text))).id!;
    const [old, made, idle, last] = [
      await once("old"),
      await once("newer"),
      await once("newer"),
      await once("newer"),
    ];
    const ids = () =>
      [...Deno.readDirSync(`${cache}/runs`)].filter(({ isDirectory }) => isDirectory)
        .map(({ name }) => name).sort();
    gc(openStore(cache), { now: Date.now() });
    assertEquals(ids(), [old, made, idle, last].sort());
    gc(openStore(cache), { now: LATER() });
    assertEquals(ids(), [old, made, last].sort());
    gc(openStore(cache), { now: LATER(), keepRuns: 1 });
    assertEquals(ids(), [made, last].sort());
    const killed = `${cache}/runs/${newRunId(new Date())}`;
    await Deno.mkdir(`${killed}/logs`, { recursive: true });
    await Deno.writeTextFile(`${killed}/lock`, "");
    assertEquals(ids().length, 3);
    gc(openStore(cache), { now: LATER() });
    assertEquals(ids(), [made, last].sort());
  }));
