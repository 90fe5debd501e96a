import { assert, assertEquals, assertRejects } from "@std/assert";
import { Random } from "../../src/random.ts";
import { inFolder } from "../engine/scratch.ts";
import { hooks, toySearch, trainedEpochs } from "./toy_search.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const asha = "pruner = { asha = { min = 1, max = 9, eta = 3 } }";

function countEpochs(): number {
  const epochs = [...trainedEpochs.values()].reduce((sum, count) => sum + count, 0);
  trainedEpochs.clear();
  return epochs;
}

Deno.test("a search that runs again trains nothing and has the same trials", async () => {
  await inFolder(async (folder) => {
    const first = await toySearch(folder);
    assert(countEpochs() > 0);
    assertEquals(await toySearch(folder), first);
    assertEquals(countEpochs(), 0);
    assertEquals(first.trials.length, 6);
  });
});

Deno.test("a search that is extended keeps its trials and repeats none", async () => {
  await inFolder(async (folder) => {
    const short = await toySearch(folder, { keys: `n_trials = 8\n${asha}` });
    const before = countEpochs();
    const long = await toySearch(folder, { keys: `n_trials = 14\n${asha}` });
    const added = countEpochs();
    assertEquals(long.trials.slice(0, 8), short.trials);
    await inFolder(async (other) => {
      assertEquals(await toySearch(other, { keys: `n_trials = 14\n${asha}` }), long);
      assertEquals(countEpochs(), before + added);
    });
  });
});

Deno.test("under ASHA no epoch is trained twice, and few trials reach the last one", async () => {
  await inFolder(async (folder) => {
    const { trials } = await toySearch(folder, { keys: `n_trials = 16\n${asha}` });
    assert([...trainedEpochs.values()].every((count) => count === 1));
    const trained = trials.filter(({ state }) => state !== "failed");
    assertEquals(
      countEpochs(),
      trained.reduce((sum, { epochs }) => sum + epochs!, 0),
    );
    const complete = trained.filter(({ state }) => state === "complete");
    assert(complete.length > 0 && complete.length < trained.length / 2);
    assert(complete.every(({ epochs, curve }) => epochs === 9 && curve.length === 9));
  });
});

Deno.test("the number of jobs changes no trial", async () => {
  const keys = `n_trials = 8\nparallel = 4\n${asha}`;
  const results: unknown[] = [];
  for (const jobs of [1, 4]) {
    await inFolder(async (folder) => void results.push(await toySearch(folder, { keys, jobs })));
  }
  assertEquals(results[0], results[1]);
});

Deno.test("a trial that fails counts with its reason, is not run again, and with retry is", async () => {
  await inFolder(async (folder) => {
    const options = { keys: "n_trials = 16", epochs: 1 };
    const { trials } = await toySearch(folder, options);
    const failed = trials.filter(({ state }) => state === "failed");
    assert(failed.length > 0);
    assert(failed.every(({ reason }) => reason === "the loss is not finite"));
    assertEquals(trials.length, 16);
    let started = 0;
    hooks.onEpoch = () => void started++;
    await toySearch(folder, options);
    assertEquals(started, 0);
    await toySearch(folder, { ...options, retry: true });
    assertEquals(started, failed.length);
    hooks.onEpoch = undefined;
  });
});

Deno.test("a failure of what trials share ends the search", async () => {
  await inFolder(async (folder) => {
    await assertRejects(() => toySearch(folder, { size: 0 }), Error, "there are no data");
  });
});

Deno.test("a search that is stopped at random instants ends as one that is not", async () => {
  const keys = `n_trials = ${full ? 50 : 12}\nparallel = 2\n${asha}`;
  countEpochs();
  let whole: unknown;
  let epochs = 0;
  await inFolder(async (folder) => void (whole = await toySearch(folder, { keys })));
  epochs = countEpochs();
  const random = new Random(7, "stops");
  await inFolder(async (folder) => {
    for (let stops = full ? 20 : 4; stops > 0; stops--) {
      const controller = new AbortController();
      let left = 1 + random.integer(Math.ceil(epochs / 4));
      hooks.onEpoch = () => --left === 0 ? controller.abort(new Error("stopped")) : undefined;
      await toySearch(folder, { keys, signal: controller.signal });
    }
    hooks.onEpoch = undefined;
    assertEquals(await toySearch(folder, { keys }), whole);
    assertEquals(countEpochs(), epochs);
  });
});

Deno.test("trial k knows the trials up to k - parallel", async () => {
  const draw = async (parallel: number) => {
    let found: readonly unknown[] = [];
    const keys = `n_trials = 20\nparallel = ${parallel}`;
    await inFolder(async (folder) => {
      found = (await toySearch(folder, { keys, epochs: 1 })).trials.map(({ values }) => values);
    });
    return found;
  };
  const [one, four] = [await draw(1), await draw(4)];
  // TPE begins to learn from the sixteenth finished trial on.
  assertEquals(four.slice(0, 16), one.slice(0, 16));
  assert(JSON.stringify(four.slice(16)) !== JSON.stringify(one.slice(16)));
});
