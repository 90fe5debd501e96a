import { assert, assertEquals } from "@std/assert";
import { place } from "../../src/gpu/plan.ts";

Deno.test("place shares a slot between tensors that don't live at the same time", () => {
  const { slots, sizes } = place([
    { size: 100, first: 0, last: 1 },
    { size: 60, first: 1, last: 2 },
    { size: 90, first: 2, last: 3 },
  ]);
  assertEquals(slots, [0, 1, 0]);
  assertEquals(sizes, [100, 60]);
});

Deno.test("place never lets two living tensors share a slot, nor a tensor exceed its slot", () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let round = 0; round < 50; round++) {
    const lives = Array.from({ length: 40 }, () => {
      const first = random(50);
      return { size: 1 + random(1000), first, last: first + random(20) };
    });
    const { slots, sizes } = place(lives);
    lives.forEach((a, i) => {
      assert(sizes[slots[i]] >= a.size);
      lives.slice(i + 1).forEach((b, j) => {
        const apart = a.last < b.first || b.last < a.first;
        assert(apart || slots[i] !== slots[i + 1 + j]);
      });
    });
    const living = Math.max(
      ...lives.map((a) =>
        lives.filter((b) => b.first <= a.first && a.first <= b.last).reduce(
          (sum, b) => sum + b.size,
          0,
        )
      ),
    );
    assert(sizes.reduce((a, b) => a + b) < 1.6 * living);
  }
});
