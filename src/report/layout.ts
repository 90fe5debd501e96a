/** The workflow's graph of steps, laid out twice: in ranks by dagre, and one step a row. */
import dagre from "@dagrejs/dagre";
import type { CurrentRun } from "./current_run.ts";
import type { GraphData, GraphLayout } from "./data.ts";
import { layOutRows } from "./rows.ts";

/** Pixels. The page draws into boxes of this size, wider where names are long. */
const BOX = { width: 132, height: 62 };
const WIDEST = 210;
/** Around the graph. */
const MARGIN = 4;
/** Of a letter of a step's name, and of its kind's, in a wide typeface. */
const LETTERS = { step: 9.4, kind: 7 };

export function layoutGraph(run: CurrentRun): GraphData {
  const kinds = new Map(run.instances.map(({ step, kind }) => [step, kind]));
  const nodes = [...kinds].map(([step, kind]) => ({ step, kind }));
  const edges = edgesOf(run, [...kinds.keys()]);
  const longest = Math.max(
    0,
    ...nodes.map(({ step, kind }) =>
      Math.max(LETTERS.step * step.length, LETTERS.kind * kind.length)
    ),
  );
  const width = Math.min(WIDEST, Math.max(BOX.width, Math.ceil(26 + longest)));
  return {
    nodes,
    edges,
    wide: layOutRanks(nodes.length, edges, { ...BOX, width }),
    tall: layOutRows(nodes.length, edges),
  };
}

/** Pairs of places in `steps`. */
function edgesOf(run: CurrentRun, steps: readonly string[]): GraphData["edges"] {
  const place = new Map(steps.map((step, index) => [step, index]));
  const stepOf = new Map(run.instances.map(({ name, step }) => [name, step]));
  const edges = new Map<string, [number, number]>();
  for (const { step, inputs } of run.instances) {
    for (const { instance } of Object.values(inputs).flat()) {
      const from = stepOf.get(instance);
      if (from === undefined) continue;
      const edge: [number, number] = [place.get(from)!, place.get(step)!];
      edges.set(edge.join(), edge);
    }
  }
  return [...edges.values()];
}

/** Left to right. */
function layOutRanks(
  count: number,
  edges: GraphData["edges"],
  box: { width: number; height: number },
): GraphLayout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 16, ranksep: 32, marginx: MARGIN, marginy: MARGIN });
  for (let index = 0; index < count; index++) graph.setNode(String(index), { ...box });
  for (const [from, to] of edges) graph.setEdge(String(from), String(to), {});
  dagre.layout(graph);
  const { width = 0 } = graph.graph();
  const boxes = Array.from({ length: count }, (_, index) => {
    const { x, y, width, height } = graph.node(String(index));
    return { x: Math.round(x), y: Math.round(y), width, height };
  });
  const routes = edges.map(([from, to]) => {
    const route = graph.edge({ v: String(from), w: String(to) }).points as Point[];
    return passing([boxes[from], ...middles(route), boxes[to]], box.width / 2);
  });
  // Dagre's height leaves out edges that pass above or below all boxes.
  const heights = [
    ...boxes.flatMap(({ y, height }) => [y - height / 2, y + height / 2]),
    ...routes.flat().map(([, y]) => y),
  ];
  const top = Math.min(0, ...heights.map((y) => Math.floor(y) - MARGIN));
  const bottom = Math.max(0, ...heights.map((y) => Math.ceil(y) + MARGIN));
  return {
    width: Math.round(width),
    height: bottom - top,
    boxes: boxes.map((placed) => ({ ...placed, y: placed.y - top })),
    routes: routes.map((route) => route.map(([x, y]): [number, number] => [x, y - top])),
  };
}

interface Point {
  x: number;
  y: number;
}

/** Those of dagre's points that are in the middle of a rank; the ends and every other point are between ranks. */
function middles(route: readonly Point[]): Point[] {
  return route.slice(1, -1).filter((_, index) => index % 2 === 1);
}

/**
 * From the end of the first box to the start of the last, straight past the boxes of each rank that
 * lies between, so that bends are only in the gaps.
 */
function passing(centres: readonly Point[], half: number): [number, number][] {
  const points = centres.flatMap(({ x, y }): [number, number][] => [
    [Math.round(x - half), Math.round(y)],
    [Math.round(x + half), Math.round(y)],
  ]);
  return points.slice(1, -1);
}
