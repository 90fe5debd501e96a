/** Stores, lower tiers and files of a run that somebody wrote to do harm, or that were torn. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { exportCrate } from "../../../src/engine/crate.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { readLastKeys } from "../../../src/engine/plan/nearest.ts";
import { run } from "../../../src/engine/run/run.ts";
import { readRun } from "../../../src/engine/run/run_folder.ts";
import { artifactIntact, openArtifact, outputState } from "../../../src/engine/store/artifact.ts";
import { digestOf } from "../../../src/engine/store/digest.ts";
import { decodeManifest } from "../../../src/engine/store/manifest.ts";
import { pin, readPins } from "../../../src/engine/store/pins.ts";
import {
  decodeAnyRecord,
  encodeRecord,
  type InstanceRecord,
  type StoredRecord,
} from "../../../src/engine/store/record.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { inFolder } from "../scratch.ts";
import { toyWorkflow } from "../toy_workflow.ts";

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const DIGEST = digestOf("anything");
const OUTSIDE = `sha256-${"x".repeat(2)}/../../../precious.txt`;

const instance: InstanceRecord = {
  type: "instance",
  key: DIGEST,
  parts: { kind: "k", version: 1, params: {}, paths: {}, inputs: {} },
  outputs: { value: { type: "t", digest: DIGEST, size: 3, bytes: 3 } },
  created: "2026-01-01T00:00:00Z",
  seconds: 1,
  bytes: 3,
  made: {},
};

Deno.test("a record with a digest, size or position that none can have counts as torn", () => {
  assertEquals(decodeAnyRecord(encodeRecord(instance)), instance);
  const output = instance.outputs.value;
  const chain = {
    type: "chain",
    key: DIGEST,
    kind: "k",
    position: 1,
    final: true,
    artifact: { digest: DIGEST, size: 1 },
    bytes: 1,
    created: "",
  };
  assert(decodeAnyRecord(encodeRecord(chain as StoredRecord)));
  const memo = { type: "memo", key: DIGEST, kind: "k", created: "", seconds: 1 };
  for (
    const hostile of [
      null,
      3,
      { ...instance, key: OUTSIDE },
      { ...instance, outputs: { value: { ...output, digest: OUTSIDE } } },
      { ...instance, outputs: { value: { ...output, size: -1 } } },
      { ...instance, outputs: { value: { ...output, size: 2 ** 60 } } },
      { ...instance, outputs: { value: { ...output, items: [{ digest: OUTSIDE, size: 1 }] } } },
      { ...instance, parts: { ...instance.parts, inputs: { a: OUTSIDE } } },
      { ...instance, parts: null },
      { ...instance, log: "../../etc/passwd" },
      { ...chain, position: "../../../../x" },
      { ...chain, position: NaN },
      { ...chain, artifact: { digest: OUTSIDE, size: 1 } },
      { ...memo, blob: { digest: OUTSIDE, size: 1 } },
      { ...memo, blob: null },
    ]
  ) {
    const bytes = encodeRecord(hostile as StoredRecord);
    assertEquals(decodeAnyRecord(bytes), undefined, JSON.stringify(hostile));
  }
});

Deno.test("a manifest that names paths outside, twice, or no digests is refused", () => {
  const file = ["a.txt", DIGEST, 1];
  assertEquals(decodeManifest(encode({ type: "t", meta: {}, files: [file] })).files.length, 1);
  for (
    const hostile of [
      "hello",
      null,
      { type: "t", meta: {}, files: null },
      { type: "t", meta: {}, files: [["../../pwn.tsv", DIGEST, 1]] },
      { type: "t", meta: {}, files: [["/pwn.tsv", DIGEST, 1]] },
      { type: "t", meta: {}, files: [file, file] },
      { type: "t", meta: {}, files: [["a.txt", OUTSIDE, 1]] },
      { type: "t", meta: {}, files: [["a.txt", DIGEST, 1e300]] },
      { type: "t", meta: {}, files: [], items: [[OUTSIDE, 1]] },
    ]
  ) {
    assertThrows(() => decodeManifest(encode(hostile)), DataError, "artifact in the cache");
  }
});

Deno.test("a hostile lower tier moves no file, and its results are computed again", async () => {
  await inFolder(async (folder) => {
    const precious = `${folder}/precious.txt`;
    await Deno.writeTextFile(precious, "keep me");
    const workflow = toyWorkflow({ a: { uses: "constant", with: { text: "one" } } });
    const theirs = openStore(`${folder}/theirs`);
    const { plan: { instances: [{ key, parts }] } } = await run(theirs, workflow, {});
    assert(key && parts);
    // An honest key, whose record leads out of the store; a manifest of honest digest does so too.
    const manifest = await theirs.putObject(
      encode({ type: "value", meta: {}, files: [["../../../pwn.txt", digestOf("keep me"), 7]] }),
    );
    for (const output of [{ digest: OUTSIDE, size: 7 }, manifest]) {
      const outputs = { value: { type: "value", bytes: 7, ...output } };
      const path = theirs.recordPath(key);
      await Deno.remove(path);
      await Deno.writeFile(path, encodeRecord({ ...instance, key, parts, outputs }));
      const mine = openStore(`${folder}/mine-${output.size}`, { lower: [`${folder}/theirs`] });
      await Deno.mkdir(`${mine.root}/objects/xx/sha256-xx`, { recursive: true });
      const planned = await plan(mine, workflow, {});
      assertEquals(planned.counts["will-run"] + planned.counts["may-run"], 1);
      assertEquals((await run(mine, workflow, {})).status, "done");
      assertEquals(await Deno.readTextFile(precious), "keep me");
      assertEquals(mine.files.list(`${mine.root}/quarantine`), []);
    }
  });
});

Deno.test("a name that is no digest never becomes a path of the store", async () => {
  await inFolder((folder) => {
    const store = openStore(`${folder}/cache`);
    for (const name of [OUTSIDE, "../x", "", `${DIGEST}/..`]) {
      assertThrows(() => store.objectPath(name), DataError, "where a digest belongs");
      assertThrows(() => store.recordPath(name), DataError, "where a digest belongs");
      assertThrows(() => store.chains.folderOf(name), DataError, "where a digest belongs");
    }
    return Promise.resolve();
  });
});

Deno.test("manifests of lists of lists, which could name each other without end, are refused", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    let item = await store.putObject(encode({ type: "t", meta: {}, files: [] }));
    for (let level = 0; level < 40; level++) {
      const items = [item, item].map(({ digest, size }) => [digest, size]);
      item = await store.putObject(encode({ type: "t", meta: {}, files: [], items }));
    }
    assertThrows(() => openArtifact(store, item), DataError, "a list within a list");
    assertEquals(outputState(store, item), "corrupt");
    assertEquals(await artifactIntact(store, item), false);
  });
});

Deno.test("torn pins stop commands by an error that names the file and the way out", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    await pin(store, [DIGEST], "constructor");
    assertEquals(readPins(store), { [DIGEST]: "constructor" });
    for (const text of ["", "null", "{", "[]", '{"../x": "a"}', `{"${DIGEST}": 3}`]) {
      await Deno.writeTextFile(`${store.root}/pins.json`, text);
      const { message } = assertThrows(() => readPins(store), DataError);
      assert(message.startsWith(`${store.root}/pins.json: is not a list of pins`), message);
      assert(message.includes("remove it"), message);
    }
  });
});

Deno.test("torn lists of a workflow's last keys count as absent", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    for (const text of ["", "null", "{", '["a"]', '{"a": "../x"}', '{"a": null}']) {
      await Deno.writeTextFile(`${store.root}/runs/latest-w.json`, text);
      assertEquals(readLastKeys(store, "w"), {});
    }
  });
});

Deno.test("the crate of a hostile run writes nothing outside its folder", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const workflow = toyWorkflow({ a: { uses: "constant", with: { text: "one" } } }, {
      folder,
      publish: { "out.txt": "a" },
    });
    const { id } = await run(store, workflow, {});
    const record = readRun(store, id!)!;
    const path = `${store.root}/runs/${id}/run.json`;
    const [publication] = record.publications;
    for (
      const hostile of [
        { ...record, publications: [{ ...publication, path: "../../pwn.txt" }] },
        { ...record, instances: [{ ...record.instances[0], key: OUTSIDE }] },
        { ...record, id: "../other" },
        { ...record, workflow: null },
        null,
      ]
    ) {
      await Deno.writeTextFile(path, JSON.stringify(hostile));
      assertEquals(readRun(store, id!), undefined, JSON.stringify(hostile));
    }
    // Sources are facts for people, and may lie anywhere; in the crate they do not.
    const sources = { [`${folder}/../../pwn.toml`]: "version = 1" };
    const leading = { ...record, workflow: { ...record.workflow, sources } };
    await assertRejects(
      () => exportCrate(store, leading, `${folder}/crate`),
      DataError,
      '"../../pwn.toml" must be relative',
    );
    assertEquals([...Deno.readDirSync(`${folder}/crate`)].length, 0);
  });
});
