import { assert, assertEquals } from "@std/assert";
import { layoutGraph } from "../../src/report/layout.ts";
import { MadeRun } from "./made_run.ts";

const step = (...from: string[]) => ({
  kind: "toy",
  inputs: Object.fromEntries(from.map((name, port) => [`p${port}`, `${name}.out`])),
});

Deno.test("steps flow one way, and an edge over several ranks passes between the steps", async () => {
  await using made = await MadeRun.make({
    a: step(),
    b: step("a"),
    "c[k=1]": step("b"),
    "c[k=2]": step("b"),
    d: step("c[k=1]", "c[k=2]", "a"),
    e: step("d", "a", "b"),
    "constructor": step("a"),
  });
  const { nodes, wide, tall } = layoutGraph(made.run);
  assertEquals(nodes.map(({ step }) => step), ["a", "b", "c", "d", "e", "constructor"]);
  for (const [layout, flow] of [[wide, 0], [tall, 1]] as const) {
    assertEquals(layout.edges.length, 8);
    for (const { x, y, width, height } of layout.boxes) {
      assert(x - width / 2 >= 0 && x + width / 2 <= layout.width);
      assert(y - height / 2 >= 0 && y + height / 2 <= layout.height);
    }
    for (const points of layout.edges) {
      points.forEach((point, index) => {
        if (index > 0) assert(point[flow] >= points[index - 1][flow], "never back");
        if (index % 2 === 0) return;
        // Straight parts end at odd points; the last is the end of a bend, at a box.
        const next = points[index + 1];
        const middle = next && [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2];
        const inside = middle &&
          layout.boxes.some(({ x, y, width, height }) =>
            Math.abs(x - middle[0]) < width / 2 && Math.abs(y - middle[1]) < height / 2
          );
        assert(!inside, `an edge runs through a step at ${middle}`);
      });
    }
  }
});
