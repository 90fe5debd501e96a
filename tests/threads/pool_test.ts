import { assertEquals, assertRejects } from "@std/assert";
import { Thread, untilAborted, WorkerPool } from "../../src/threads/pool.ts";
import type { Methods } from "./worker.ts";

function startThread(): Thread<Methods> {
  return new Thread(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }));
}

async function withPool(limit: number, test: (pool: WorkerPool<Methods>) => Promise<void>) {
  const pool = new WorkerPool(startThread, limit);
  try {
    await test(pool);
  } finally {
    pool.close();
  }
}

const count = ({ channel }: Thread<Methods>) => channel.call("count");

Deno.test("a thread serves one job after another, and jobs above the limit wait", async () => {
  await withPool(Infinity, async (pool) => {
    pool.prepare();
    assertEquals([await pool.use(count), await pool.use(count)], [1, 2]);
    assertEquals(pool.size, 1);
  });
  await withPool(2, async (pool) => {
    const counts = await Promise.all(Array.from({ length: 6 }, () => pool.use(count)));
    assertEquals(counts.filter((calls) => calls === 1).length, 2);
    assertEquals(pool.size, 2);
  });
});

Deno.test("a job that throws leaves its thread for the next", async () => {
  await withPool(1, async (pool) => {
    await pool.use(count);
    await assertRejects(
      () => pool.use(() => Promise.reject(new Error("refused"))),
      Error,
      "refused",
    );
    assertEquals(await pool.use(count), 2);
  });
});

Deno.test("a kill rejects at once, and the next job gets another thread", async () => {
  await withPool(1, async (pool) => {
    const kill = new AbortController();
    const stuck = pool.use(({ channel }) => channel.call("wait"), kill.signal);
    const next = pool.use(count);
    kill.abort(new Error("killed"));
    await assertRejects(() => stuck, Error, "killed");
    assertEquals(await next, 1);
  });
});

Deno.test("a thread that dies fails its job, and the next job gets another", async () => {
  await withPool(1, async (pool) => {
    const dead = pool.use(({ channel }) => channel.call("die"));
    const next = pool.use(count);
    await assertRejects(() => dead, Error, "a thread died: Uncaught Error: in a timer");
    assertEquals(await next, 1);
  });
});

Deno.test("waiting ends with the abort, and a later rejection is ignored", async () => {
  const abort = new AbortController();
  const running = Promise.withResolvers<void>();
  const waiting = untilAborted(running.promise, abort.signal);
  abort.abort(new Error("stop"));
  await assertRejects(() => waiting, Error, "stop");
  running.reject(new Error("too late"));
  await assertRejects(() => untilAborted(running.promise, abort.signal), Error, "stop");
});
