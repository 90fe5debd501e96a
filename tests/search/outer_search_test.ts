import { assert, assertEquals } from "@std/assert";
import { inFolder } from "../engine/scratch.ts";
import { log, searchToyFolds } from "./toy_outer.ts";

Deno.test("each outer fold is tested once, after its search, and where nothing is learnt the estimate shows it", async () => {
  await inFolder(async (folder) => {
    log.length = 0;
    const estimate = await searchToyFolds(folder);
    assert("folds" in estimate);
    const tests = log.filter((line) => line.startsWith("test"));
    assertEquals(log.slice(-tests.length), tests);
    assertEquals(tests.length, 3);
    const people = tests.flatMap((line) => line.split(" ").slice(1));
    assertEquals([new Set(people).size, people.length], [12, 12]);
    assertEquals(estimate.participants, 12);
    assertEquals(log.filter((line) => line === "train").length, 3 * 6);
    for (const { best, trials } of estimate.folds) {
      assertEquals(best.value, Math.max(...trials.map(({ value }) => value!)));
    }
    const tested = estimate.folds.map(({ tested }) => tested!);
    assertEquals(estimate.value, tested.reduce((sum, value) => sum + value) / 3);
    // The greatest of six uniform numbers is 0.86 in the mean, one of them 0.5.
    assert(estimate.validation > 0.75, `${estimate.validation}`);
    assert(estimate.value < 0.65, `${estimate.value}`);
    log.length = 0;
    assertEquals(await searchToyFolds(folder), estimate);
    assertEquals(log, []);
  });
});

Deno.test("outer folds that are interrupted go on where they stopped", async () => {
  let whole: unknown;
  await inFolder(async (folder) => void (whole = await searchToyFolds(folder)));
  await inFolder(async (folder) => {
    const stop = new AbortController();
    log.length = 0;
    const timer = setInterval(() => log.length > 8 && stop.abort(new Error("stopped")), 0);
    const stopped = await searchToyFolds(folder, stop.signal);
    clearInterval(timer);
    assert("unfinished" in stopped && stopped.unfinished !== "test");
    assert(stopped.unfinished.trials.length < 6);
    assertEquals(await searchToyFolds(folder), whole);
    assertEquals(log.filter((line) => line === "train").length, 18);
  });
});
