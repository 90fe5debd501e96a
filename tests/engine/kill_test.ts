/**
 * SIGKILL at random instants of a run: 10 of them, or 100 with GYRUS_TEST_FULL=1.
 *
 * Each killed run is run again to its end. Then its outputs are those of a run that nobody killed,
 * the store verifies, and nothing was computed again that had been published.
 */
import { assert, assertEquals } from "@std/assert";
import { verifyCache } from "../../src/engine/store/cache.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { type Instant, linesUntilKilled } from "./killed_process.ts";
import { inFolder } from "./scratch.ts";

const KILLS = Deno.env.get("GYRUS_TEST_FULL") ? 100 : 10;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const CHILD = new URL("./kill_child.ts", import.meta.url).pathname;

function session(cache: string, instant?: Instant) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--cached-only", "-c", CONFIG, CHILD, cache],
    stdout: "piped",
    stderr: "inherit",
  });
  return linesUntilKilled(command, instant);
}

const keysOf = (lines: readonly string[], word: string) =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(" ")[2]);

const outputsOf = (lines: readonly string[]) => lines.filter((line) => line.startsWith("output "));

/** Between 0 and 1, evenly spread and the same every time: multiples of an irrational number. */
const spread = (index: number, irrational: number) => (index * irrational) % 1;

/** Keys of all records in a cache that can be read. */
function published(cache: string): Set<string> {
  return openStore(cache).recordKeys();
}

Deno.test(`a run killed at ${KILLS} instants loses nothing that was published`, () =>
  inFolder(async (folder) => {
    const complete = await session(`${folder}/complete`);
    assertEquals(complete.lines.at(-1), "status done");
    const first = complete.lines.findIndex((line) => line.startsWith("finished "));
    const last = complete.lines.findLastIndex((line) => line.startsWith("finished "));
    let inside = 0;
    for (let index = 0; index < KILLS; index++) {
      const cache = `${folder}/${index}`;
      const killed = await session(cache, {
        line: first + 1 + Math.floor(spread(index + 1, Math.SQRT2) * (last - first)),
        delay: 20 * spread(index + 1, Math.E),
      });
      const finished = keysOf(killed.lines, "finished");
      const before = published(cache);
      for (const key of finished) assert(before.has(key), `kill ${index}: ${key} was lost`);
      const again = await session(cache);
      assertEquals(again.lines.at(-1), "status done", `kill ${index}`);
      assertEquals(outputsOf(again.lines), outputsOf(complete.lines), `kill ${index}`);
      const twice = keysOf(again.lines, "started").filter((key) => before.has(key));
      assertEquals(twice, [], `kill ${index}: computed again`);
      const verified = await verifyCache(openStore(cache));
      assertEquals([verified.corrupt, verified.incomplete], [[], []], `kill ${index}`);
      if (killed.killed && before.size > 0 && !killed.lines.at(-1)!.startsWith("status")) inside++;
      await Deno.remove(cache, { recursive: true });
    }
    console.log(`${inside} of ${KILLS} kills fell between the first and the last publish`);
    assert(inside >= 0.8 * KILLS, `only ${inside} of ${KILLS} kills fell within publishing`);
  }));
