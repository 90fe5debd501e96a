import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  artifactIntact,
  openArtifact,
  outputState,
  storeOutput,
} from "../../../src/engine/store/artifact.ts";
import { instanceKey, type KeyParts, memoKey } from "../../../src/engine/store/key.ts";
import {
  type ChainRecord,
  decodeRecord,
  encodeRecord,
  type InstanceRecord,
} from "../../../src/engine/store/record.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { run } from "../../../src/engine/run/run.ts";
import { openStore, type Store } from "../../../src/engine/store/store.ts";
import { ObjectError } from "../../../src/engine/store/store_error.ts";
import { DataError } from "../../../src/errors.ts";
import { CrashingDisk, type Loss, PowerFailure } from "../crashing_disk.ts";
import { inFolder } from "../scratch.ts";
import { toyWorkflow } from "../toy_workflow.ts";

const parts = (text: string): KeyParts => ({
  kind: "k",
  version: 1,
  params: { text },
  paths: {},
  inputs: {},
});

/** Stores an artifact of two files and its record, as an instance does. */
async function publish(store: Store, text: string): Promise<InstanceRecord> {
  const port = { type: "t", description: "" };
  const value = await storeOutput(
    store,
    port,
    { files: { "a.txt": text, "b.txt": "b" } },
    "k.value",
  );
  const record: InstanceRecord = {
    type: "instance",
    key: instanceKey(parts(text)),
    parts: parts(text),
    outputs: { value: { ...value, type: "t" } },
    created: "2026-01-01T00:00:00Z",
    seconds: 1,
    bytes: value.bytes,
    made: {},
  };
  await store.publishRecord(record);
  return record;
}

/** What a run does to its store: results, a memo, checkpoints; lists what was promised to last. */
async function history(store: Store, promised: string[]): Promise<void> {
  for (const text of ["one", "two"]) {
    const record = await publish(store, text);
    promised.push(record.key);
  }
  const blob = await store.putObject(new TextEncoder().encode("memo"));
  const key = memoKey("k", 1, undefined, "m");
  await store.publishRecord({ type: "memo", key, kind: "k", blob, created: "", seconds: 0 });
  promised.push(key);
  for (const position of [1, 2, 3]) {
    const port = { type: "checkpoint", description: "" };
    const state = await storeOutput(store, port, { files: { s: `state ${position}` } }, "k");
    await store.chains.publish({
      type: "chain",
      key: CHAIN,
      kind: "k",
      position,
      final: false,
      artifact: { digest: state.digest, size: state.size },
      bytes: state.bytes,
      created: "",
    });
    promised.push(`checkpoint ${position}`);
  }
}

const CHAIN = instanceKey(parts("chain"));

async function assertSound(
  store: Store,
  promised: readonly string[],
  where: string,
): Promise<void> {
  for (const text of ["one", "two"]) {
    const record = store.record(instanceKey(parts(text)));
    assert(record || !promised.includes(instanceKey(parts(text))), `${where}: ${text} was lost`);
    if (record) assert(await artifactIntact(store, record.outputs.value), `${where}: ${text} torn`);
  }
  const key = memoKey("k", 1, undefined, "m");
  const memo = store.memo(key);
  assert(memo || !promised.includes(key), `${where}: the memo was lost`);
  if (memo) assertEquals(new TextDecoder().decode(await store.getBlob(memo.blob)), "memo");
  const last = promised.filter((name) => name.startsWith("checkpoint")).length;
  const [newest] = store.chains.read(CHAIN);
  assert((newest?.position ?? 0) >= last, `${where}: checkpoint ${last} was lost`);
  if (newest) assert(await artifactIntact(store, newest.artifact), `${where}: checkpoint torn`);
}

for (const loss of ["everything unsynced", "unsynced contents alone"] satisfies Loss[]) {
  Deno.test(`power that fails at any file operation, losing ${loss}, loses nothing promised`, async () => {
    const intact = new CrashingDisk();
    await history(openStore("/disk/cache", { files: intact }), []);
    const total = intact.operations;
    assert(total > 60);
    for (let failAt = 1; failAt <= total; failAt++) {
      const disk = new CrashingDisk();
      disk.makeFolder("/disk");
      await disk.syncFolder("");
      disk.failAt = failAt + disk.operations;
      const promised: string[] = [];
      try {
        await history(openStore("/disk/cache", { files: disk }), promised);
      } catch (error) {
        assert(error instanceof PowerFailure, String(error));
      }
      disk.restart(loss);
      const store = openStore("/disk/cache", { files: disk });
      await assertSound(store, promised, `operation ${failAt} of ${total}`);
      // And the next run gets to the end.
      await history(store, []);
      await assertSound(openStore("/disk/cache", { files: disk }), [CHAIN], "afterwards");
    }
  });
}

Deno.test("a record with any flipped or missing byte is no record", async () => {
  const bytes = encodeRecord(
    await publish(openStore("/disk/c", { files: new CrashingDisk() }), "x"),
  );
  assert(decodeRecord(bytes, "instance"));
  assertEquals(decodeRecord(bytes, "memo"), undefined);
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.with(at, bytes[at] ^ 1);
    assertEquals(decodeRecord(flipped, "instance"), undefined, `flip at ${at}`);
    assertEquals(decodeRecord(bytes.subarray(0, at), "instance"), undefined, `cut at ${at}`);
  }
});

async function corrupt(path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  await Deno.chmod(path, 0o644);
  await Deno.writeFile(path, change(await Deno.readFile(path)));
}

const flip = (bytes: Uint8Array) => {
  bytes[bytes.length >> 1] ^= 4;
  return bytes;
};

Deno.test("a corrupt record on disk is set aside and counts as absent", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const { key } = await publish(store, "x");
    await corrupt(store.recordPath(key), flip);
    const found: string[] = [];
    store.onCorruption = ({ what, name, path }) => {
      found.push(`${what} ${name}`);
      assert(Deno.statSync(path).isFile, "the path is not where the record is now");
    };
    assertEquals(store.record(key), undefined);
    assertEquals(found, [`record ${key}`]);
    assertEquals([...Deno.readDirSync(`${folder}/cache/quarantine`)].length, 1);
  }));

Deno.test("a bit-flipped object is set aside when it is read, and read as an error", () =>
  inFolder(async (folder) => {
    const { outputs } = await publish(openStore(`${folder}/cache`), "some text");
    const store = openStore(`${folder}/cache`);
    const artifact = openArtifact(store, outputs.value);
    await corrupt(store.objectPath(artifact.files[0].digest), flip);
    await assertRejects(() => artifact.read("a.txt"), ObjectError, "corrupt");
    assertEquals(outputState(store, outputs.value), "missing");
  }));

Deno.test("a wrong size in a reference sets nothing aside and allocates nothing", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const blob = await store.putObject(new TextEncoder().encode("some text"));
    const asides: unknown[] = [];
    store.onCorruption = (corruption) => asides.push(corruption);
    for (const size of [0, 1, 10, 2e9, 1e15, NaN]) {
      const wrong = { digest: blob.digest, size };
      await assertRejects(() => store.getBlob(wrong), ObjectError, "has 9 bytes");
      assertThrows(() => store.getObjectSync(wrong), ObjectError, "has 9 bytes");
    }
    assertEquals((await store.getBlob(blob)).length, 9);
    assertEquals(asides, []);
  }));

Deno.test("an object that another thread stores again is verified again", () =>
  inFolder(async (folder) => {
    const [first, second] = [openStore(`${folder}/cache`), openStore(`${folder}/cache`)];
    const blob = await first.putObject(new TextEncoder().encode("some text"));
    await first.getBlob(blob);
    const path = first.objectPath(blob.digest);
    second.quarantine("object", blob.digest, path);
    await Deno.writeTextFile(path, "same size");
    await Deno.utime(path, new Date(), new Date(Date.now() + 5));
    await assertRejects(() => first.getBlob(blob), ObjectError, "corrupt");
  }));

Deno.test("memory that threads share is not stored, and a position is a number from 0", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const shared = new Uint8Array(new SharedArrayBuffer(8));
    await assertRejects(() => store.putObject(shared), TypeError, "shared memory");
    const { digest, size } = await store.putObject(new Uint8Array(8));
    for (const position of ["../../pins", -1, Infinity, NaN] as number[]) {
      const record: ChainRecord = {
        type: "chain",
        key: CHAIN,
        kind: "toy",
        position,
        final: false,
        artifact: { digest, size },
        bytes: size,
        created: "",
      };
      await assertRejects(() => store.chains.publish(record), RangeError, "no position");
    }
  }));

const chainOfThree = () =>
  toyWorkflow({
    first: { uses: "constant", with: { text: "some longer text" } },
    second: { uses: "join", in: { values: ["first"] }, with: { first: 7 } },
    third: { uses: "join", in: { values: ["second", "first"] } },
  });

Deno.test("a run whose inputs turn out to be corrupt computes them again and goes on", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const first = await run(openStore(cache), chainOfThree());
    const expected = first.nodes.get("third")!.outputs!.value;
    const store = openStore(cache);
    for (const name of ["first", "second"]) {
      const ref = first.nodes.get(name)!.outputs!.value;
      await corrupt(store.objectPath(openArtifact(store, ref).files[0].digest), flip);
    }
    await Deno.remove(store.recordPath(first.nodes.get("third")!.key!));
    const events: string[] = [];
    const again = await run(openStore(cache), chainOfThree(), {
      onEvent: ({ type }) => events.push(type),
    });
    assertEquals(again.errors, []);
    assertEquals(again.nodes.get("third")!.outputs!.value, expected);
    assert(events.includes("corruption"));
  }));

Deno.test("results are looked up in lower tiers, which are never written", () =>
  inFolder(async (folder) => {
    await run(openStore(`${folder}/shared`), chainOfThree());
    const before = [...Deno.readDirSync(`${folder}/shared/objects`)].length;
    const store = openStore(`${folder}/own`, { lower: [`${folder}/shared`] });
    assertEquals((await plan(store, chainOfThree())).counts.cached, 3);
    const more = toyWorkflow({
      first: { uses: "constant", with: { text: "some longer text" } },
      fourth: { uses: "join", in: { values: ["first"] }, with: { first: 2 } },
    });
    const result = await run(store, more);
    assertEquals(result.counts, { cached: 1, done: 1, failed: 0, skipped: 0 });
    assertEquals([...Deno.readDirSync(`${folder}/shared/objects`)].length, before);
  }));

/** Runs with the store mounted read-only, which binds root as well. */
async function mounted(
  type: string,
  options: string,
  folder: string,
  test: () => Promise<void>,
): Promise<void> {
  const mount = new Deno.Command("mount", { args: ["-t", type, "-o", options, type, folder] });
  const { success, stderr } = await mount.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  try {
    await test();
  } finally {
    await new Deno.Command("umount", { args: ["-l", folder] }).output();
  }
}

Deno.test("a read-only cache serves what it has and reports what it can't do", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await Deno.mkdir(cache);
    await mounted("tmpfs", "size=4m", cache, async () => {
      await Deno.mkdir(`${folder}/data`);
      await Deno.writeTextFile(`${folder}/data/a.txt`, "a");
      const workflow = () =>
        toyWorkflow({
          open: { uses: "folder", with: { path: `${folder}/data` } },
          text: { uses: "constant" },
        });
      await run(openStore(cache), workflow());
      await new Deno.Command("mount", { args: ["-o", "remount,ro", cache] }).output();
      const store = openStore(cache);
      assertEquals(store.writable, false);
      const served = await run(store, workflow());
      assertEquals(served.counts, { cached: 2, done: 0, failed: 0, skipped: 0 });
      const other = toyWorkflow({ text: { uses: "constant", with: { text: "other" } } });
      const refused = await run(openStore(cache), other);
      assertEquals(refused.status, "failed");
      assert(refused.errors[0].message.includes("read-only"), refused.errors[0].message);
    });
  }));

Deno.test("a full disk is one clear error, and the run goes on once there is room", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await Deno.mkdir(cache);
    await mounted("tmpfs", "size=1500k", cache, async () => {
      const spec = (step: number) => ({
        uses: "constant",
        axes: { step },
        with: { text: String(step).repeat(300_000) },
      });
      const workflow = toyWorkflow(
        Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`t[step=${i}]`, spec(i)])),
      );
      const full = await run(openStore(cache), workflow, { jobs: 1 });
      assertEquals(full.status, "failed");
      assert(full.errors[0].message.includes("no space left"), full.errors[0].message);
      assert(full.counts.done > 0);
      await new Deno.Command("mount", { args: ["-o", "remount,size=20m", cache] }).output();
      const again = await run(openStore(cache), workflow);
      assertEquals(again.status, "done");
      assertEquals(again.counts.cached, full.counts.done);
    });
  }));

Deno.test("a cache named relative to the current folder stays where it is", () =>
  inFolder(async (folder) => {
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      const store = openStore("cache");
      Deno.chdir(before);
      const workflow = toyWorkflow({ text: { uses: "constant" } });
      assertEquals((await run(store, workflow)).status, "done");
    } finally {
      Deno.chdir(before);
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["cache"]);
  }));

Deno.test("an unreadable or missing input is named", () =>
  inFolder(async (folder) => {
    const workflow = toyWorkflow({ open: { uses: "file", with: { path: `${folder}/no.txt` } } });
    await assertRejects(() => plan(openStore(`${folder}/cache`), workflow), Error, "no such file");
  }));

Deno.test("an input that is edited while a step reads it is not published", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const path = `${folder}/in.txt`;
    await Deno.writeTextFile(path, "one");
    const { readFile } = await import("../toy_steps.ts");
    const editing = {
      ...readFile,
      kind: "editing",
      async run(context: Parameters<typeof readFile.run>[0]) {
        const outputs = await readFile.run(context);
        await Deno.writeTextFile(path, "two and more");
        return outputs;
      },
    };
    const workflow = toyWorkflow({ edit: { uses: editing as never, with: { path } } });
    const result = await run(store, workflow);
    assertEquals(result.status, "failed");
    assert(result.errors[0].cause instanceof DataError);
    assert(result.errors[0].message.includes("changed while a step was reading it"));
    assertEquals(store.kinds.newest("editing", 1), []);
  }));

Deno.test("a clock set back never makes an edited file look known", () =>
  inFolder(async (folder) => {
    const path = `${folder}/in.txt`;
    const future = new Date(Date.now() + 86_400_000);
    await Deno.writeTextFile(path, "one");
    await Deno.utime(path, future, future);
    const cache = `${folder}/cache`;
    const workflow = () => toyWorkflow({ open: { uses: "file", with: { path } } });
    await run(openStore(cache), workflow());
    // The same size and times; a digest remembered from "the future" must not be believed.
    await Deno.writeTextFile(path, "two");
    await Deno.utime(path, future, future);
    assertEquals((await plan(openStore(cache), workflow())).counts["will-run"], 1);
  }));
