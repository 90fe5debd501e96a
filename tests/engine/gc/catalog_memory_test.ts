/** What one collection keeps for the next: that it saves reading, and never decides on what goes. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { diskFiles } from "../../../src/disk/operations.ts";
import { DataError } from "../../../src/errors.ts";
import { gc, type GcOptions } from "../../../src/engine/gc/gc.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { run } from "../../../src/engine/run/run.ts";
import { verifyCache } from "../../../src/engine/store/cache.ts";
import { digestOf } from "../../../src/engine/store/digest.ts";
import { openStore, type Store } from "../../../src/engine/store/store.ts";
import { inFolder } from "../scratch.ts";
import { toyWorkflow } from "../toy_workflow.ts";

const HOURS = 3_600_000;
/** Until the clock of the disk shows any later change. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 1100));

const workflow = (...texts: readonly string[]) =>
  toyWorkflow(Object.fromEntries(texts.flatMap((text) => [
    [`${text}`, { uses: "constant", with: { text } }],
    [`${text}s`, { uses: "join", in: { values: [text, text] } }],
  ])));

/** A store whose files are read through a counter. */
function counting(cache: string): { store: Store; reads: () => number } {
  let reads = 0;
  const store = openStore(cache, {
    files: {
      ...diskFiles,
      readSync: (path, stat) => {
        if (/\/(objects|records)\//.test(path)) reads++;
        return diskFiles.readSync(path, stat);
      },
    },
  });
  return { store, reads: () => reads };
}

const look = (store: Store, options: GcOptions = {}) =>
  gc(store, { dryRun: true, keepRuns: 1, now: Date.now() + 2 * HOURS, ...options });
const namesOf = ({ removals }: Pick<ReturnType<typeof gc>, "removals">) =>
  removals.map(({ what, name }) => `${what} ${name}`).sort();

/** Two runs, the second without "old", and a dry run that has left its memory. */
async function inStore(
  use: (cache: string, removed: string[]) => Promise<void>,
  { settled }: { settled: boolean },
): Promise<void> {
  await inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await run(openStore(cache), workflow("old", "both"));
    await run(openStore(cache), workflow("both"));
    if (settled) await settle();
    const removed = namesOf(look(openStore(cache)));
    assertEquals(removed.filter((name) => name.startsWith("result")).length, 2);
    await use(cache, removed);
  });
}

Deno.test("a second dry run reads no object and no record; after a run it reads what is new", () =>
  inStore(async (cache, removed) => {
    const { store, reads } = counting(cache);
    const second = look(store);
    assertEquals([namesOf(second), reads()], [removed, 0]);
    await run(openStore(cache), workflow("both", "new"));
    const third = namesOf(look(store));
    assert(reads() > 0 && reads() < 12, `${reads()} files were read`);
    assertEquals(removed.filter((name) => third.includes(name)), removed);
    await Deno.remove(`${cache}/catalog`);
    assertEquals(namesOf(look(openStore(cache))), third);
    // Without a memory the first look is enough to remove by.
    await Deno.remove(`${cache}/catalog`);
    const files = filesIn(`${cache}/records`).length;
    const removing = counting(cache);
    gc(removing.store, { keepRuns: 1, now: Date.now() + 2 * HOURS });
    assert(removing.reads() < 3 * files, `${removing.reads()} reads of ${files} records`);
  }, { settled: true }));

Deno.test("an object that a run stores again since then is kept", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const bytes = new TextEncoder().encode("nobody names me");
    await openStore(cache).putObject(bytes);
    const path = openStore(cache).objectPath(digestOf(bytes));
    await Deno.utime(path, new Date(Date.now() - 5 * HOURS), new Date(Date.now() - 5 * HOURS));
    await settle();
    const now = Date.now();
    assertEquals(namesOf(look(openStore(cache), { now })), [`object ${digestOf(bytes)}`]);
    await openStore(cache).putObject(bytes);
    assertEquals(look(openStore(cache), { now }).removals, []);
  }));

Deno.test("a memory that is missing, torn, edited or forged changes nothing", () =>
  inStore(async (cache, removed) => {
    const file = `${cache}/catalog`;
    const text = await Deno.readTextFile(file);
    const [head, body] = text.split("\n");
    const forge = (body: string) => `${head.split(" ")[0]} ${digestOf(body)}\n${body}`;
    const remembered = JSON.parse(body);
    const damaged = [
      "",
      "\n",
      text.slice(0, -10),
      text.replace("constant", "tnatsnoc"),
      `${head}\n${body}\n`,
      `2${text.slice(1)}`,
      ...["null", "{}", "[", '{"folders":{"objects/ab":1},"manifests":[],"runs":{}}'].map(forge),
      forge(JSON.stringify({ ...remembered, manifests: [[1, {}]] })),
      forge(JSON.stringify({ ...remembered, runs: { a: { seen: {}, facts: {} } } })),
    ];
    for (const each of damaged) {
      await Deno.remove(file);
      await Deno.writeTextFile(file, each);
      assertEquals(namesOf(look(openStore(cache))), removed, each.slice(0, 80));
    }
    await Deno.remove(file);
    assertEquals(namesOf(look(openStore(cache))), removed);
  }, { settled: false }));

Deno.test("a forged memory of what results reach removes nothing that they need", () =>
  inStore(async (cache, removed) => {
    const file = `${cache}/catalog`;
    const [head, body] = (await Deno.readTextFile(file)).split("\n");
    const remembered = JSON.parse(body);
    // As if no artifact had any file, and no record any output.
    for (const manifest of remembered.manifests) manifest[1] = { files: [], items: [] };
    for (
      const { files } of Object.values<{ files: { manifests: unknown[] }[][] }>(remembered.folders)
    ) {
      for (const [, , , facts] of files) if (facts) facts.manifests = [];
    }
    const forged = JSON.stringify(remembered);
    await Deno.remove(file);
    await Deno.writeTextFile(file, `${head.split(" ")[0]} ${digestOf(forged)}\n${forged}`);
    assertNotEquals(namesOf(look(openStore(cache))), removed);
    const { removals } = gc(openStore(cache), { keepRuns: 1, now: Date.now() + 2 * HOURS });
    assertEquals(namesOf({ removals }), removed);
    assertEquals((await plan(openStore(cache), workflow("both"))).counts.cached, 2);
    const { corrupt, incomplete } = await verifyCache(openStore(cache));
    assertEquals([corrupt, incomplete], [[], []]);
  }, { settled: true }));

Deno.test("a collection that was killed between memory and removal, or while it removed, is done again", () =>
  inStore(async (cache, removed) => {
    for (const limit of [0, 1, 3]) {
      let left = limit;
      const store = openStore(cache, {
        files: {
          ...diskFiles,
          remove: (path) => {
            if (/\/(objects|records)\//.test(path) && left-- === 0) throw new Error("killed");
            diskFiles.remove(path);
          },
        },
      });
      try {
        gc(store, { keepRuns: 1, now: Date.now() + 2 * HOURS });
      } catch (error) {
        assertEquals((error as Error).message, "killed");
      }
      assertEquals((await plan(openStore(cache), workflow("both"))).counts.cached, 2);
    }
    gc(openStore(cache), { keepRuns: 1, now: Date.now() + 2 * HOURS });
    assertEquals(look(openStore(cache)).removals, []);
    assert(removed.length > 0);
    assertEquals((await verifyCache(openStore(cache))).incomplete, []);
  }, { settled: false }));

Deno.test("what a run stores again between the two looks of a collection stays", () =>
  inStore(async (cache, removed) => {
    const files = [...filesIn(`${cache}/records`), ...filesIn(`${cache}/objects`)];
    const setTimes = (time: Date) => files.forEach((path) => Deno.utimeSync(path, time, time));
    setTimes(new Date(Date.now() - 5 * HOURS));
    let looks = 0;
    const store = openStore(cache, {
      files: {
        ...diskFiles,
        list: (path) => {
          if (path === `${cache}/records` && ++looks === 2) setTimes(new Date());
          return diskFiles.list(path);
        },
      },
    });
    const options = { keepRuns: 1, now: Date.now() + 60_000 };
    const dry = namesOf(gc(openStore(cache), { ...options, dryRun: true }));
    // The runs themselves are young.
    assertEquals(dry, removed.filter((name) => !name.startsWith("run")));
    assertEquals([gc(store, options).removals, looks], [[], 2]);
    assertEquals((await plan(openStore(cache), workflow("both", "old"))).counts.cached, 4);
  }, { settled: false }));

Deno.test("a disk too full for the memory is collected all the same", () =>
  inStore(async (cache, removed) => {
    await Deno.remove(`${cache}/catalog`);
    const store = openStore(cache, {
      files: {
        ...diskFiles,
        append: (path, text) => {
          if (path.startsWith(`${cache}/tmp/`)) throw new DataError(path, "the disk is full");
          diskFiles.append(path, text);
        },
      },
    });
    const { removals } = gc(store, { keepRuns: 1, now: Date.now() + 2 * HOURS });
    assertEquals(namesOf({ removals }), removed);
    assertEquals(look(openStore(cache)).removals, []);
  }, { settled: false }));

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name }) =>
    [...Deno.readDirSync(`${folder}/${name}`)].map((file) => `${folder}/${name}/${file.name}`)
  );
}
