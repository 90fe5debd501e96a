import { assert, assertEquals } from "@std/assert";
import type { GraphLayout } from "../../src/report/data.ts";
import { layoutGraph } from "../../src/report/layout.ts";
import { MadeRun } from "./made_run.ts";

const step = (...from: string[]) => ({
  kind: "toy",
  inputs: Object.fromEntries(from.map((name, port) => [`p${port}`, `${name}.out`])),
});

const made = () =>
  MadeRun.make({
    a: step(),
    b: step("a"),
    "c[k=1]": step("b"),
    "c[k=2]": step("b"),
    d: step("c[k=1]", "c[k=2]", "a"),
    e: step("d", "a", "b"),
    "constructor": step("a"),
  });

Deno.test("steps flow one way, and an edge over several ranks passes between the steps", async () => {
  await using run = await made();
  const { nodes, edges, wide } = layoutGraph(run.run);
  assertEquals(nodes.map(({ step }) => step), ["a", "b", "c", "d", "e", "constructor"]);
  assertEquals(edges.length, 8);
  assertEquals(wide.routes.length, 8);
  assertWithin(wide);
  for (const points of wide.routes) {
    points.forEach((point, index) => {
      if (index > 0) assert(point[0] >= points[index - 1][0], "never back");
      if (index % 2 === 0) return;
      // Straight parts end at odd points; the last is the end of a bend, at a box.
      const next = points[index + 1];
      const middle = next && [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2];
      const inside = middle &&
        wide.boxes.some(({ x, y, width, height }) =>
          Math.abs(x - middle[0]) < width / 2 && Math.abs(y - middle[1]) < height / 2
        );
      assert(!inside, `an edge runs through a step at ${middle}`);
    });
  }
});

Deno.test("edges that pass below all steps are inside the picture", async () => {
  // As in workflows/tutorial_3d.toml.
  await using run = await MadeRun.make({
    caps: step(),
    regions: step("caps"),
    patches: step("caps"),
    images: step("caps"),
    labels: step("caps"),
    split: step("labels"),
    folds: step("split"),
    roi: step("regions", "folds"),
    patch: step("patches", "folds", "roi"),
    image: step("images", "folds"),
    predict_roi: step("roi", "regions", "split"),
    predict_patch: step("patch", "patches", "split"),
    predict_image: step("image", "images", "split"),
    evaluate_roi: step("predict_roi"),
    evaluate_patch: step("predict_patch"),
    evaluate_image: step("predict_image"),
    maps_roi: step("roi", "predict_roi"),
    maps_patch: step("patch", "predict_patch"),
    maps_image: step("image", "predict_image"),
  });
  assertWithin(layoutGraph(run.run).wide);
});

Deno.test("boxes grow with the longest name", async () => {
  const widthOf = async (name: string) => {
    await using run = await MadeRun.make({ [name]: step() });
    return layoutGraph(run.run).wide.boxes[0].width;
  };
  assert(await widthOf("evaluate_single_again") > await widthOf("evaluate_single"));
  assertEquals(await widthOf("x".repeat(50)), await widthOf("x".repeat(60)));
});

Deno.test("on narrow screens every step has a row, and no two sources are in the same lane at once", async () => {
  await using run = await made();
  const { edges, tall } = layoutGraph(run.run);
  assertWithin(tall);
  tall.boxes.forEach(({ y, height }, row) => {
    const above = tall.boxes[row - 1];
    if (above) assert(y - height / 2 > above.y + above.height / 2);
  });
  tall.routes.forEach((points, index) => {
    const [from, to] = edges[index];
    const left = tall.boxes[from].x - tall.boxes[from].width / 2;
    assertEquals([points[0][0], points.at(-1)![0]], [left, left]);
    assert(points[1][0] >= 0 && points[1][0] < left);
    edges.forEach(([otherFrom, otherTo], other) => {
      if (otherFrom === from || tall.routes[other][1][0] !== points[1][0]) return;
      assert(otherFrom >= to || otherTo <= from, `${edges[index]} and ${edges[other]} overlap`);
    });
  });
});

function assertWithin({ boxes, routes, width: right, height: bottom }: GraphLayout): void {
  for (const [x, y] of routes.flat()) {
    assert(x >= 0 && x <= right && y >= 0 && y <= bottom, `an edge passes ${x}, ${y}`);
  }
  for (const { x, y, width, height } of boxes) {
    assert(x - width / 2 >= 0 && x + width / 2 <= right);
    assert(y - height / 2 >= 0 && y + height / 2 <= bottom);
  }
}
