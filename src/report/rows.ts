/** The graph of steps on a narrow screen: one step a row, edges in lanes next to the boxes. */
import type { GraphData, GraphLayout } from "./data.ts";

/** Width of boxes and lanes together, in pixels. */
const WIDTH = 352;
const NARROWEST_BOX = 190;
const BOX_HEIGHT = 46;
const ROW = 56;
const LANE = 11;
/** Of the corner where an edge leaves its lane. */
const CORNER = 10;
const MARGIN = 4;

/** @param edges from earlier steps to later ones */
export function layOutRows(count: number, edges: GraphData["edges"]): GraphLayout {
  const lanes = lanesOf(edges);
  const gutter = (Math.max(0, ...lanes.values()) + 1) * LANE + CORNER;
  const width = Math.max(WIDTH, gutter + NARROWEST_BOX + MARGIN);
  const middle = (row: number) => MARGIN + BOX_HEIGHT / 2 + row * ROW;
  return {
    width,
    height: 2 * MARGIN + BOX_HEIGHT + Math.max(0, count - 1) * ROW,
    boxes: Array.from({ length: count }, (_, row) => ({
      x: (gutter + width - MARGIN) / 2,
      y: middle(row),
      width: width - MARGIN - gutter,
      height: BOX_HEIGHT,
    })),
    // Edges leave below the middle of a box and arrive above it.
    routes: edges.map(([from, to]) => {
      const lane = gutter - CORNER - lanes.get(from)! * LANE;
      const out = middle(from) + BOX_HEIGHT / 4, into = middle(to) - BOX_HEIGHT / 4;
      return [[gutter, out], [lane, out + CORNER], [lane, into - CORNER], [gutter, into]];
    }),
  };
}

/** A lane for each step that others take from, short ones nearest to the boxes (lane 0). */
function lanesOf(edges: GraphData["edges"]): Map<number, number> {
  const ends = new Map<number, number>();
  for (const [from, to] of edges) ends.set(from, Math.max(to, ends.get(from) ?? 0));
  const taken: [number, number][][] = [];
  const lanes = new Map<number, number>();
  for (const [from, to] of [...ends].sort((a, b) => (a[1] - a[0]) - (b[1] - b[0]))) {
    let lane = 0;
    while (taken[lane]?.some(([start, end]) => from < end && start < to)) lane++;
    (taken[lane] ??= []).push([from, to]);
    lanes.set(from, lane);
  }
  return lanes;
}
