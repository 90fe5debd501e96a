/** A cache on a server: what is copied from it, and that no answer of it changes a result. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { EngineEvent } from "../../../../src/engine/plan/events.ts";
import { plan } from "../../../../src/engine/plan/plan.ts";
import { run } from "../../../../src/engine/run/run.ts";
import { listRuns, readRun } from "../../../../src/engine/run/run_folder.ts";
import { divide, findDeparture, type Permit } from "../../../../src/engine/share/departure.ts";
import { push } from "../../../../src/engine/share/push.ts";
import { openArtifact } from "../../../../src/engine/store/artifact.ts";
import { digestOf } from "../../../../src/engine/store/digest.ts";
import { parseAddress } from "../../../../src/engine/store/remote/address.ts";
import type { Credentials } from "../../../../src/engine/store/remote/credentials.ts";
import { HttpTier } from "../../../../src/engine/store/remote/http_tier.ts";
import { decodeRecord, encodeRecord } from "../../../../src/engine/store/record.ts";
import { openStore, type Store } from "../../../../src/engine/store/store.ts";
import { inFolder } from "../../scratch.ts";
import { toyWorkflow } from "../../toy_workflow.ts";
import { type FileServer, serveFiles } from "../../share/file_server.ts";

const LIMITS = { silence: 300, body: 500, rate: 2 ** 20, attempts: 2, pause: 10 };
const ALL = new Set<Permit>(["images", "participants"]);

const workflow = () =>
  toyWorkflow({
    left: { uses: "constant", with: { text: "a" } },
    right: { uses: "constant", with: { text: "b" } },
    texts: { uses: "list", with: { texts: ["c", "d"] } },
    both: {
      uses: "join",
      with: { separator: "," },
      in: { values: ["left", "right", "texts.values[1]"] },
    },
    end: { uses: "join", in: { values: ["both", "left"] } },
  });

function attach(store: Store, server: FileServer, credentials: Credentials = {}): HttpTier {
  return store.shared = new HttpTier(store, parseAddress(server.address), credentials, LIMITS);
}

/** Runs the workflow in a new store that reads from the server. */
async function runThere(
  folder: string,
  server: FileServer,
  credentials: Credentials = {},
  lower: readonly string[] = [],
) {
  const store = openStore(folder, { lower });
  attach(store, server, credentials);
  const events: EngineEvent[] = [];
  const started = performance.now();
  const result = await run(store, workflow(), {
    onEvent: (event) => events.push(event),
  });
  assertEquals(result.errors, []);
  const text = await openArtifact(store, result.nodes.get("end")!.outputs!.value)
    .readText("value.txt");
  assertEquals(text, "a,b,d+a");
  return { store, ...result, events, seconds: (performance.now() - started) / 1000 };
}

/** A store with the results of the workflow, which are on the server too. */
async function pushed(folder: string, server: FileServer, credentials: Credentials = {}) {
  const store = openStore(folder);
  await run(store, workflow());
  const tier = attach(store, server, credentials);
  const { instances } = readRun(store, listRuns(store)[0])!;
  const departure = await findDeparture(store, instances, () => "open");
  const result = await push(store, tier, divide(departure, ALL), credentials.secret);
  delete store.shared;
  return { store, result };
}

async function withServer(
  test: (folder: string, server: FileServer) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const server = serveFiles();
    try {
      await test(folder, server);
    } finally {
      await server.close();
    }
  });
}

Deno.test("another store computes nothing that a server has, and its records name the server", () =>
  withServer(async (folder, server) => {
    const { result } = await pushed(`${folder}/a`, server);
    assertEquals(result.records, 5);
    server.requests.length = 0;
    const { counts, events, store } = await runThere(`${folder}/b`, server);
    assertEquals(counts, { cached: 5, done: 0, failed: 0, skipped: 0 });
    const cached = events.filter(({ type }) => type === "instance-cached");
    assertEquals(
      new Set(cached.map((event) => "from" in event && event.from)),
      new Set([server.address]),
    );
    assertEquals(
      events.filter(({ type }) => type === "shared-cache-read").map((event) =>
        "results" in event && event.results
      ),
      [5],
    );
    const [id] = listRuns(store);
    assertEquals(
      readRun(store, id)!.instances.map(({ from }) => from),
      Array(5).fill(server.address),
    );
    // Of what nobody reads only manifests come.
    const objects = server.requests.filter((request) => request.startsWith("GET objects/"));
    assertEquals(objects.length, new Set(objects).size);
    const count = server.requests.length;
    const again = await runThere(`${folder}/b`, server);
    assertEquals(again.counts.cached, 5);
    assertEquals(server.requests.length, count);
  }));

Deno.test("a plan asks for sizes and copies no more than manifests; a second push sends nothing", () =>
  withServer(async (folder, server) => {
    const { store } = await pushed(`${folder}/a`, server);
    server.requests.length = 0;
    const other = openStore(`${folder}/b`);
    attach(other, server);
    const planned = await plan(other, workflow());
    assertEquals(planned.counts.cached, 5);
    assert(server.requests.some((request) => request.startsWith("HEAD objects/")));
    const end = planned.byName.get("end")!.outputs!.value;
    const file = openArtifact(other, end).files[0];
    assertEquals(other.hasObject(file), false);
    const tier = attach(store, server);
    const { instances } = readRun(store, listRuns(store)[0])!;
    const departure = await findDeparture(store, instances, () => "open");
    const again = await push(store, tier, divide(departure, ALL), undefined);
    assertEquals([again.objects, again.records, again.bytes, again.different], [0, 0, 0, []]);
  }));

/** An object's path on the server. */
const isObject = (path: string) => path.startsWith("objects/");
const isRecord = (path: string) => path.startsWith("records/");

/** A body of pieces that comes slowly or without an end. */
function endless(milliseconds: number): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval>;
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new Uint8Array(64)), milliseconds);
    },
    cancel() {
      clearInterval(timer);
    },
  });
}

/** What a server may do instead of its job. */
const FAULTS: Readonly<
  Record<
    string,
    (path: string, files: FileServer["files"]) => Response | undefined | Promise<Response>
  >
> = {
  "truncated objects": (path, files) =>
    isObject(path) ? new Response(files.get(path)?.subarray(0, -1)) : undefined,
  "wrong bytes in objects": (path, files) => {
    const bytes = isObject(path) ? files.get(path)?.slice() : undefined;
    if (!bytes) return undefined;
    bytes[bytes.length >> 1] ^= 1;
    return new Response(bytes);
  },
  "truncated records": (path, files) =>
    isRecord(path) ? new Response(files.get(path)?.subarray(0, -9)) : undefined,
  "status 500": () => new Response(null, { status: 500 }),
  "status 200 without a body": () => new Response(null),
  "a page for a login": () => new Response("<html>", { headers: { "content-type": "text/html" } }),
  "status 206 with a part": (path, files) =>
    new Response(files.get(path)?.subarray(0, 4), { status: 206 }),
  "a token wanted": () => new Response(null, { status: 401 }),
  "no answer": () =>
    new Promise<Response>((resolve) => setTimeout(() => resolve(new Response()), 2000)),
  "an endless body": () => new Response(endless(1)),
  "a body that trickles": (path) => isObject(path) ? new Response(endless(200)) : undefined,
  "a body that stops": (path, files) => {
    const bytes = isObject(path) ? files.get(path) : undefined;
    if (!bytes) return undefined;
    const start = bytes.subarray(0, 3);
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(start) }));
  },
  "records of other keys": (path, files) =>
    isRecord(path)
      ? new Response([...files].find(([other]) => isRecord(other) && other !== path)![1])
      : undefined,
  "nothing": () => new Response(null, { status: 404 }),
};

/** To make another store costs more than a run. */
function removeResults(cache: string): void {
  for (const folder of ["records", "objects"]) {
    for (const { name: prefix } of Deno.readDirSync(`${cache}/${folder}`)) {
      for (const { name } of Deno.readDirSync(`${cache}/${folder}/${prefix}`)) {
        Deno.removeSync(`${cache}/${folder}/${prefix}/${name}`);
      }
    }
  }
}

Deno.test("no fault of a server changes a result, and each costs little time", async (test) => {
  await withServer(async (folder, server) => {
    await pushed(`${folder}/a`, server);
    for (const [name, fault] of Object.entries(FAULTS)) {
      server.fault = (request, path) =>
        request.method === "GET" ? fault(path, server.files) : undefined;
      await test.step(name, async () => {
        const { counts, seconds, events, store } = await runThere(`${folder}/b`, server);
        removeResults(`${folder}/b`);
        assertEquals(counts.failed, 0);
        assert(counts.done > 0, JSON.stringify(counts));
        assert(seconds < 15, `${seconds} s`);
        const lost = events.filter(({ type }) => type === "shared-cache-lost");
        assert(lost.length <= 1, JSON.stringify(lost));
        assertEquals(store.files.list(`${store.root}/tmp`), []);
      });
    }
  });
});

Deno.test("a redirect is not followed, so that only the named host is ever asked", () =>
  withServer(async (folder, server) => {
    await pushed(`${folder}/a`, server);
    const other = serveFiles();
    other.files = server.files;
    server.fault = (_, path) => Response.redirect(`${other.address}/${path}`, 302);
    try {
      const { counts, events } = await runThere(`${folder}/b`, server);
      assertEquals(counts.cached, 0);
      assertEquals(other.requests, []);
      const lost = events.find(({ type }) => type === "shared-cache-lost");
      assertEquals(
        lost && "message" in lost && lost.message,
        "redirects to another address; name that one",
      );
    } finally {
      await other.close();
    }
  }));

Deno.test("where no server listens, a run computes and reports it once", () =>
  inFolder(async (folder) => {
    const server = serveFiles();
    await server.close();
    const { counts, events } = await runThere(`${folder}/b`, server);
    assertEquals(counts.done, 5);
    const lost = events.filter(({ type }) => type === "shared-cache-lost");
    assertEquals(lost.map((event) => "message" in event && event.message), ["can't be reached"]);
  }));

Deno.test("an interrupt ends the wait for a server at once", () =>
  withServer(async (folder, server) => {
    const late = Promise.withResolvers<Response>();
    server.fault = () => late.promise;
    const store = openStore(folder);
    store.shared = new HttpTier(store, parseAddress(server.address), {});
    const interrupt = new AbortController();
    setTimeout(() => interrupt.abort(new Error("enough")), 50);
    const running = run(store, workflow(), { signal: interrupt.signal });
    await assertRejects(() => running, Error, "enough");
    late.resolve(new Response(null, { status: 404 }));
  }));

Deno.test("a server that vanishes between the plan and the run costs a computation and no result", () =>
  withServer(async (folder, server) => {
    await pushed(`${folder}/a`, server);
    let answers = 0;
    server.fault = () => ++answers > 9 ? new Response(null, { status: 503 }) : undefined;
    const { counts } = await runThere(`${folder}/b`, server);
    assertEquals(counts.failed, 0);
  }));

/** Lets the server claim another result under the key of each record. */
function forgeRecords(server: FileServer): void {
  const claimed = digestOf("another result");
  for (const [path, bytes] of server.files) {
    if (!isRecord(path)) continue;
    const record = decodeRecord(bytes, "instance")!;
    const [[name, output]] = Object.entries(record.outputs);
    const outputs = { [name]: { ...output, digest: claimed } };
    server.files.set(path, encodeRecord({ ...record, outputs }));
  }
}

Deno.test("with a secret a server can claim no result: a forged or unsigned record counts as none", () =>
  withServer(async (folder, server) => {
    const credentials = { token: "t", secret: "s".repeat(40) };
    await pushed(`${folder}/a`, server, credentials);
    const good = await runThere(`${folder}/b`, server, credentials);
    assertEquals(good.counts.cached, 5);
    forgeRecords(server);
    const forged = await runThere(`${folder}/c`, server, credentials);
    assertEquals(forged.counts.done, 5);
    server.files.clear();
    await pushed(`${folder}/d`, server, { token: "t" });
    const unsigned = await runThere(`${folder}/e`, server, credentials);
    assertEquals(unsigned.counts.done, 5);
    // A push by someone with the secret replaces them.
    const { result } = await pushed(`${folder}/f`, server, credentials);
    assertEquals(result.records, 5);
  }));

Deno.test("parts of a key that are not the key's make no record", () =>
  withServer(async (folder, server) => {
    await pushed(`${folder}/a`, server);
    for (const [path, bytes] of server.files) {
      if (!isRecord(path)) continue;
      const record = decodeRecord(bytes, "instance")!;
      const parts = { ...record.parts, version: record.parts.version + 1 };
      server.files.set(path, encodeRecord({ ...record, parts }));
    }
    const { counts } = await runThere(`${folder}/b`, server);
    assertEquals(counts.done, 5);
  }));

Deno.test("a push keeps the first result of a key and reports the difference", () =>
  withServer(async (folder, server) => {
    const { store } = await pushed(`${folder}/a`, server);
    forgeRecords(server);
    const before = new Map(server.files);
    const { instances } = readRun(store, listRuns(store)[0])!;
    const departure = await findDeparture(store, instances, () => "open");
    const result = await push(store, attach(store, server), divide(departure, ALL), undefined);
    assertEquals(result.different, ["both", "end", "left", "right", "texts"]);
    assertEquals(server.files, before);
  }));

Deno.test("two who push the same results at once leave what one would", () =>
  withServer(async (folder, server) => {
    const { store } = await pushed(`${folder}/a`, server);
    const expected = new Map(server.files);
    server.files.clear();
    const { instances } = readRun(store, listRuns(store)[0])!;
    const division = divide(await findDeparture(store, instances, () => "open"), ALL);
    const tier = attach(store, server);
    const results = await Promise.all(
      [1, 2].map(() => push(store, tier, division, undefined)),
    );
    assertEquals(results.map(({ different }) => different), [[], []]);
    assertEquals([...server.files].sort(), [...expected].sort());
  }));

Deno.test("a push to a server that cuts uploads off is an error", () =>
  withServer(async (folder, server) => {
    server.fault = async (request, path) => {
      if (request.method !== "PUT") return undefined as unknown as Response;
      const bytes = new Uint8Array(await request.arrayBuffer());
      server.files.set(path, bytes.subarray(0, -1));
      return new Response(null, { status: 201 });
    };
    const error = await assertRejects(() => pushed(`${folder}/a`, server), Error);
    assertMatch(error.message, /states \d+ bytes of .* which has \d+; see what limits its uploads/);
  }));

Deno.test("an object that is corrupt in a folder of the cache comes from the server", () =>
  withServer(async (folder, server) => {
    const { store } = await pushed(`${folder}/a`, server);
    const end = readRun(store, listRuns(store)[0])!.instances.find(({ name }) => name === "end")!;
    const [file] = openArtifact(store, end.outputs!.value).files;
    const path = store.objectPath(file.digest);
    await Deno.remove(path);
    await Deno.writeTextFile(path, "x".repeat(file.size));
    const { counts } = await runThere(`${folder}/b`, server, {}, [`${folder}/a`]);
    assertEquals(counts.cached, 5);
  }));

Deno.test("a certificate that nobody vouches for is reported with the way to name its authority", () =>
  inFolder(async (folder) => {
    const read = (name: string) =>
      Deno.readTextFile(new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url));
    const [cert, key] = await Promise.all([read("certificate"), read("key")]);
    await using server = Deno.serve(
      { hostname: "localhost", port: 0, cert, key, onListen() {} },
      () => new Response(null, { status: 404 }),
    );
    const address = parseAddress(`https://localhost:${server.addr.port}/gyrus`);
    const tier = new HttpTier(openStore(folder), address, {}, LIMITS);
    const error = await assertRejects(() => tier.readFile("runs/x", 10));
    assertMatch(String(error), /does not accept \(UnknownIssuer\); DENO_CERT=FILE names/);
  }));
