import { assert, assertEquals, assertRejects } from "@std/assert";
import { forEachConcurrently } from "../../src/imaging/concurrent.ts";

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

Deno.test("every item is visited once, never more than the limit together", async () => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  await forEachConcurrently([5, 6, 7, 8, 9], 2, async (item, index) => {
    most = Math.max(most, ++running);
    await tick();
    running--;
    seen[index] = item;
  });
  assertEquals(seen, [5, 6, 7, 8, 9]);
  assertEquals(most, 2);
});

Deno.test("after a rejection nothing more is begun", async () => {
  let begun = 0;
  await assertRejects(
    () =>
      forEachConcurrently(Array.from({ length: 50 }), 2, async () => {
        begun++;
        await tick();
        throw new Error("no");
      }),
    Error,
    "no",
  );
  await tick();
  await tick();
  assert(begun <= 2);
});
