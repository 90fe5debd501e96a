/** SIGKILL at instants of a search: 3 of them, or 20 of a search of 50 trials with GYRUS_TEST_FULL=1. */
import { assert, assertEquals } from "@std/assert";
import { verifyCache } from "../../src/engine/store/cache.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { Random } from "../../src/random.ts";
import { inFolder } from "../engine/scratch.ts";
import { linesUntilKilled } from "../engine/killed_process.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const KILLS = full ? 20 : 3;
const KEYS = `n_trials = ${full ? 50 : 12}\nparallel = 2\n` +
  "pruner = { asha = { min = 1, max = 9, eta = 3 } }";
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const CHILD = new URL("./kill_child.ts", import.meta.url).pathname;

/** @param epochs after which it is killed */
async function session(folder: string, epochs?: number, delay = 0) {
  const args = ["run", "-A", "--no-check", "--cached-only", "-c", CONFIG, CHILD, folder, KEYS];
  const command = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit" });
  const { lines, killed } = await linesUntilKilled(
    command,
    epochs === undefined ? undefined : { line: epochs, delay },
  );
  const result = lines.filter((line) => line !== "epoch");
  return { killed, result, epochs: lines.length - result.length };
}

Deno.test(`a search killed at ${KILLS} instants ends with the trials and the table of one that is not`, () =>
  inFolder((complete) =>
    inFolder(async (folder) => {
      const { result, epochs } = await session(complete);
      assertEquals(result.map((line) => line.split(" ")[0]), ["trials", "table"]);
      const random = new Random(5, "kills");
      const most = Math.ceil(2 * epochs / (KILLS + 1));
      let kills = 0;
      for (let index = 0; index < KILLS; index++) {
        const { killed } = await session(folder, 1 + random.integer(most), random.integer(10));
        if (killed) kills++;
      }
      assert(kills >= 0.8 * KILLS, `only ${kills} of ${KILLS} kills fell within the search`);
      assertEquals((await session(folder)).result, result);
      const verified = await verifyCache(openStore(`${folder}/.gyrus`));
      assertEquals([verified.corrupt, verified.incomplete], [[], []]);
    })
  ));
