/** A workflow's steps and edges as text that other programs draw, or drawn as SVG. */
import dagre from "@dagrejs/dagre";
import type { Step, Workflow } from "../workflow/graph.ts";
import { printableLine } from "../workflow/printable.ts";

interface Edge {
  from: string;
  to: string;
  /** Input port; absent for `needs`. */
  port?: string;
}

/** Edges between steps, each once, in the order of the workflow. */
export function stepEdges(workflow: Workflow): Edge[] {
  const steps = new Map(workflow.instances.map((instance) => [instance.name, instance.step]));
  const edges = new Map<string, Edge>();
  const add = (edge: Edge) => edges.set(JSON.stringify([edge.from, edge.to, edge.port]), edge);
  for (const { step, inputs, needs } of workflow.instances) {
    for (const [port, input] of Object.entries(inputs)) {
      for (const binding of [input].flat()) {
        add({ from: steps.get(binding.instance) ?? binding.instance, to: step, port });
      }
    }
    for (const name of needs) add({ from: steps.get(name) ?? name, to: step });
  }
  return [...edges.values()];
}

function labelOf({ name, kind, instances }: Step): string[] {
  const count = instances.length === 1 ? "" : ` × ${instances.length}`;
  return [`${name}${count}`, kind.kind];
}

export function mermaidText(workflow: Workflow): string {
  const numbers = new Map(workflow.steps.map(({ name }, index) => [name, `s${index}`]));
  const quote = (text: string) => escapeXml(text).replaceAll('"', "&quot;");
  return [
    "flowchart TD",
    ...workflow.steps.map((step) =>
      `  ${numbers.get(step.name)}["${labelOf(step).map(quote).join("<br>")}"]`
    ),
    ...stepEdges(workflow).map(({ from, to, port }) => {
      const arrow = port === undefined ? "-.->" : `-->|${quote(port)}|`;
      return `  ${numbers.get(from)} ${arrow} ${numbers.get(to)}`;
    }),
  ].join("\n");
}

export function dotText(workflow: Workflow): string {
  const inner = (text: string) =>
    printableLine(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  const quote = (text: string) => `"${inner(text)}"`;
  return [
    `digraph ${quote(workflow.name)} {`,
    "  node [shape=box, style=rounded];",
    ...workflow.steps.map((step) =>
      `  ${quote(step.name)} [label="${labelOf(step).map(inner).join("\\n")}"];`
    ),
    ...stepEdges(workflow).map(({ from, to, port }) => {
      const attributes = port === undefined ? "[style=dashed]" : `[label=${quote(port)}]`;
      return `  ${quote(from)} -> ${quote(to)} ${attributes};`;
    }),
    "}",
  ].join("\n");
}

/** An edge as dagre laid it out. */
interface Drawn {
  points: readonly { x: number; y: number }[];
  port: string;
  x?: number;
  y?: number;
}

const CHARACTER = 7.4;
const LINE = 18;
const PADDING = 12;
/** Around the graph. */
const MARGIN = 12;

/** Self-contained, legible on light and dark ground. */
export function svgText(workflow: Workflow): string {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 30, ranksep: 46, marginx: MARGIN, marginy: MARGIN });
  for (const step of workflow.steps) {
    const lines = labelOf(step);
    const width = Math.max(...lines.map((line) => line.length)) * CHARACTER + 2 * PADDING;
    graph.setNode(step.name, { width, height: lines.length * LINE + PADDING, lines });
  }
  for (const { from, to, port = "" } of stepEdges(workflow)) {
    const label = { port, width: port.length * CHARACTER, height: LINE, labelpos: "c" };
    graph.setEdge(from, to, label, port);
  }
  dagre.layout(graph);
  const { height = 0 } = graph.graph();
  const [left, right] = widthOf(graph);
  const width = round(right - left);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${round(left)} 0 ${width} ${
      round(height)
    }" ` +
    `width="${width}" height="${round(height)}" font-family="sans-serif" font-size="13">`,
    `<title>${escapeXml(workflow.name)}</title>`,
    "<style>text{fill:#1f2328}.box{fill:#eef4ff;stroke:#4070c0}.edge{fill:none;stroke:#708090}" +
    ".small{font-size:11px;fill:#57606a}@media (prefers-color-scheme:dark){text{fill:#e6edf3}" +
    ".box{fill:#1c2a44;stroke:#6f9ceb}.small{fill:#9da7b1}}</style>",
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" ' +
    'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#708090"/></marker></defs>',
  ];
  for (const reference of graph.edges()) {
    const { points, port, x, y } = graph.edge(reference) as Drawn;
    const path = points.map((point, index) =>
      `${index === 0 ? "M" : "L"}${round(point.x)} ${round(point.y)}`
    ).join("");
    const dashed = port === "" ? ' stroke-dasharray="4 3"' : "";
    parts.push(`<path class="edge" d="${path}"${dashed} marker-end="url(#arrow)"/>`);
    if (port !== "" && x !== undefined && y !== undefined) {
      parts.push(
        `<text class="small" x="${round(x)}" y="${round(y)}" text-anchor="middle">` +
          `${escapeXml(port)}</text>`,
      );
    }
  }
  for (const name of graph.nodes()) {
    const { x, y, width, height, lines } = graph.node(name);
    parts.push(
      `<rect class="box" x="${round(x - width / 2)}" y="${round(y - height / 2)}" ` +
        `width="${round(width)}" height="${round(height)}" rx="6"/>`,
    );
    lines.forEach((line: string, index: number) => {
      const style = index === 0 ? ' font-weight="600"' : ' class="small"';
      const baseline = y - (lines.length - 1) * LINE / 2 + index * LINE + 4;
      parts.push(
        `<text${style} x="${round(x)}" y="${round(baseline)}" text-anchor="middle">` +
          `${escapeXml(line)}</text>`,
      );
    });
  }
  return [...parts, "</svg>"].join("\n");
}

/** First and last x of boxes and edges: dagre's width leaves out edges that pass beside all boxes. */
function widthOf(graph: InstanceType<typeof dagre.graphlib.Graph>): [left: number, right: number] {
  const boxes = graph.nodes().flatMap((name) => {
    const { x, width } = graph.node(name) as { x: number; width: number };
    return [x - width / 2, x + width / 2];
  });
  const edges = graph.edges().flatMap((edge) => {
    const { points, x, width } = graph.edge(edge) as Drawn & { width: number };
    const label = x === undefined ? [] : [x - width / 2, x + width / 2];
    return [...points.map((point) => point.x), ...label];
  });
  const all = [...boxes, ...edges];
  return [Math.min(MARGIN, ...all) - MARGIN, Math.max(MARGIN, ...all) + MARGIN];
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escapeXml(text: string): string {
  return printableLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
