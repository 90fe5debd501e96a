/** The workflow's graph of steps, laid out by dagre once in each direction. */
import dagre from "@dagrejs/dagre";
import type { CurrentRun } from "./current_run.ts";
import type { GraphData, Layout } from "./data.ts";

/** Pixels. The page draws into boxes of this size. */
const BOX = { width: 148, height: 62 };

interface Edge {
  from: string;
  to: string;
}

export function layoutGraph(run: CurrentRun): GraphData {
  const kinds = new Map(run.instances.map(({ step, kind }) => [step, kind]));
  const nodes = [...kinds].map(([step, kind]) => ({ step, kind }));
  const edges = edgesOf(run);
  return {
    nodes,
    wide: layOut([...kinds.keys()], edges, "LR"),
    tall: layOut([...kinds.keys()], edges, "TB"),
  };
}

function edgesOf(run: CurrentRun): Edge[] {
  const steps = new Map(run.instances.map(({ name, step }) => [name, step]));
  const edges = new Map<string, Edge>();
  for (const { step, inputs } of run.instances) {
    for (const { instance } of Object.values(inputs).flat()) {
      const from = steps.get(instance);
      if (from !== undefined) edges.set(JSON.stringify([from, step]), { from, to: step });
    }
  }
  return [...edges.values()];
}

function layOut(steps: readonly string[], edges: readonly Edge[], rankdir: "LR" | "TB"): Layout {
  const graph = new dagre.graphlib.Graph();
  const spread = rankdir === "LR" ? { nodesep: 16, ranksep: 40 } : { nodesep: 12, ranksep: 34 };
  graph.setGraph({ rankdir, ...spread, marginx: 4, marginy: 4 });
  // Steps are named by strangers; dagre keeps names as keys of plain objects.
  steps.forEach((_, index) => graph.setNode(`s${index}`, { ...BOX }));
  const number = new Map(steps.map((step, index) => [step, `s${index}`]));
  for (const { from, to } of edges) graph.setEdge(number.get(from)!, number.get(to)!, {});
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width: Math.round(width),
    height: Math.round(height),
    boxes: steps.map((_, index) => {
      const { x, y, width, height } = graph.node(`s${index}`);
      return { x: Math.round(x), y: Math.round(y), width, height };
    }),
    edges: edges.map(({ from, to }) => {
      const edge = graph.edge({ v: number.get(from)!, w: number.get(to)! });
      const route = edge.points as { x: number; y: number }[];
      const ends = [graph.node(number.get(from)!), graph.node(number.get(to)!)];
      return passing([ends[0], ...columns(route), ends[1]], rankdir);
    }),
  };
}

/** Of dagre's points those in the middle of a rank; the ends and every other one lie between ranks. */
function columns<Point>(route: readonly Point[]): Point[] {
  return route.slice(1, -1).filter((_, index) => index % 2 === 1);
}

/**
 * From the end of the first box to the start of the last, straight past the boxes of each rank that
 * lies between, so that bends are in the gaps alone.
 */
function passing(
  centres: readonly { x: number; y: number }[],
  rankdir: "LR" | "TB",
): [number, number][] {
  const [across, down] = rankdir === "LR" ? [BOX.width / 2, 0] : [0, BOX.height / 2];
  const points = centres.flatMap(({ x, y }): [number, number][] => [
    [Math.round(x - across), Math.round(y - down)],
    [Math.round(x + across), Math.round(y + down)],
  ]);
  return points.slice(1, -1);
}
