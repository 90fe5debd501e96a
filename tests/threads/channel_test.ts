import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { Channel, type Handlers, transfer } from "../../src/threads/channel.ts";

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** Two ends of one connection in this thread. */
function connected(left: Handlers, right: Handlers) {
  const { port1, port2 } = new MessageChannel();
  const ends = [new Channel<Methods>(port1, left), new Channel<Methods>(port2, right)];
  return {
    left: ends[0],
    right: ends[1],
    ports: [port1, port2],
    [Symbol.dispose]: () => ends.forEach((end) => end.close(new Error("closed"))),
  };
}

Deno.test("both ends call each other, several calls at a time", async () => {
  using pair = connected(
    { double: (value: number) => 2 * value },
    {
      async slow(value: number) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        return await pair.right.call("double", value) as number + 1;
      },
      fast: (value: number) => value,
    },
  );
  assertEquals(await Promise.all([pair.left.call("slow", 3), pair.left.call("fast", 4)]), [7, 4]);
});

Deno.test("an error that returns to the side that threw it is the same object", async () => {
  const error = new DataError("sub-01", "has no image");
  let seen: unknown;
  using pair = connected(
    {
      fail() {
        throw error;
      },
    },
    {
      async relay() {
        try {
          await pair.right.call("fail");
        } catch (arrived) {
          seen = arrived;
          throw arrived;
        }
      },
    },
  );
  const back = await assertRejects(() => pair.left.call("relay"));
  assertStrictEquals(back, error);
  assertEquals(seen instanceof DataError && seen !== error && seen.subject, "sub-01");
});

Deno.test("transferred buffers move in both directions", async () => {
  using pair = connected({}, {
    fill(bytes: Uint8Array<ArrayBuffer>) {
      return transfer(bytes.fill(7), [bytes.buffer]);
    },
  });
  const bytes = new Uint8Array(3);
  const filled = await pair.left.call("fill", transfer(bytes, [bytes.buffer]));
  assertEquals([bytes.length, filled], [0, Uint8Array.of(7, 7, 7)]);
});

Deno.test("only the functions that are offered can be called", async () => {
  using pair = connected({}, {});
  for (const name of ["none", "toString", "constructor", "__proto__"]) {
    await assertRejects(() => pair.left.call(name), Error, `no method ${name}`);
  }
});

Deno.test("closing fails calls under way and later ones; a malformed message closes", async () => {
  using pair = connected({}, { wait: () => new Promise(() => {}) });
  const waiting = pair.left.call("wait");
  pair.left.close(new Error("over"));
  await assertRejects(() => waiting, Error, "over");
  await assertRejects(() => pair.left.call("wait"), Error, "over");

  using other = connected({}, { wait: () => new Promise(() => {}) });
  const call = other.left.call("wait");
  other.ports[1].postMessage(null);
  await assertRejects(() => call, TypeError);
});

Deno.test("what is no call and no answer closes the channel, and nothing else happens", async () => {
  const odd: unknown[] = [
    null,
    5,
    {},
    { type: "call", id: NaN, method: "wait", args: [] },
    { type: "call", id: 1, method: {}, args: [] },
    { type: "call", id: 1, method: "wait", args: 5 },
    { type: "throw", id: 0, error: null },
    { type: "throw", id: 0, error: { name: {}, message: "x" } },
    { type: "throw", id: 0, error: { name: "x", message: "x" }, origin: null },
    { type: "other", id: 0 },
  ];
  for (const message of odd) {
    using pair = connected({}, { wait: () => new Promise(() => {}) });
    const waiting = pair.left.call("wait");
    pair.ports[1].postMessage(message);
    await assertRejects(() => waiting, TypeError, "no call and no answer");
  }
});

Deno.test("an error whose fields can't be read arrives as one", async () => {
  const hostile = new Error("x");
  Object.defineProperty(hostile, "stack", {
    get() {
      throw new Error("a trap");
    },
  });
  const proxy = new Proxy({}, {
    getPrototypeOf() {
      throw new Error("a trap");
    },
  });
  const odd = [hostile, proxy, { toString: null }, null, Symbol("x")];
  using pair = connected({}, {
    fail: (index: number) => {
      throw odd[index];
    },
  });
  for (const index of odd.keys()) await assertRejects(() => pair.left.call("fail", index), Error);
});
