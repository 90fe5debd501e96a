/** Charts of a search, as SVG that needs no script. */
import { htmlText } from "../../pages/document.ts";

/** Size of a chart in units of the view box, and the room for its axes. */
const WIDTH = 560;
const HEIGHT = 260;
const LEFT = 64;
const BOTTOM = 44;
const EDGE = 12;

export interface Axis {
  label: string;
  /** Of numbers: whether the axis is logarithmic. */
  log?: boolean;
  /** Names of the places 0, 1, 2, ... of a choice. */
  names?: readonly string[];
}

export interface Series {
  points: readonly (readonly [x: number, y: number])[];
  /** A line, or a dot at each point. */
  mark: "line" | "dots";
  /** `best` stands out. */
  role?: "best";
  title?: string;
}

/** An SVG element; empty where there is nothing to draw. */
export function chart(title: string, x: Axis, y: Axis, series: readonly Series[]): string {
  const points = series.flatMap((each) => each.points)
    .filter((point) => point.every(Number.isFinite));
  if (points.length === 0) return "";
  const across = scale(points.map(([value]) => value), x, LEFT, WIDTH - EDGE);
  const up = scale(points.map(([, value]) => value), y, HEIGHT - BOTTOM, EDGE);
  const place = ([a, b]: readonly [number, number]) =>
    `${across.at(a).toFixed(1)},${up.at(b).toFixed(1)}`;
  const marks = series.map((each) => {
    const drawn = each.points.filter((point) => point.every(Number.isFinite));
    const tip = each.title === undefined ? "" : `<title>${htmlText(each.title)}</title>`;
    const role = each.role ?? "other";
    if (each.mark === "line") {
      return `<polyline class="${role}" points="${drawn.map(place).join(" ")}">${tip}</polyline>`;
    }
    return drawn.map((point) => {
      const [cx, cy] = place(point).split(",");
      return `<circle class="${role}" cx="${cx}" cy="${cy}" r="4">${tip}</circle>`;
    }).join("");
  });
  const grid = up.ticks.map((tick) => {
    const at = up.at(tick).toFixed(1);
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - EDGE}" y1="${at}" y2="${at}"/>` +
      `<text x="${LEFT - 6}" y="${at}" dy="4" text-anchor="end">${htmlText(up.name(tick))}</text>`;
  });
  const feet = across.ticks.map((tick) =>
    `<text x="${across.at(tick).toFixed(1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${
      htmlText(across.name(tick))
    }</text>`
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"
 aria-label="${htmlText(title)}">${grid.join("")}${feet.join("")}
<text x="${(LEFT + WIDTH - EDGE) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${
    htmlText(x.label)
  }</text>
<text x="14" y="${(HEIGHT - BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 14 ${
    (HEIGHT - BOTTOM) / 2
  })">${htmlText(y.label)}</text>
${marks.join("\n")}</svg>`;
}

interface Scale {
  ticks: readonly number[];
  at(value: number): number;
  name(tick: number): string;
}

function scale(values: readonly number[], axis: Axis, from: number, to: number): Scale {
  const { names, log = false } = axis;
  if (names) {
    const step = (to - from) / names.length;
    return {
      ticks: [...names.keys()],
      at: (value) => from + (value + 0.5) * step,
      name: (tick) => names[tick],
    };
  }
  const inner = (value: number) => log ? Math.log10(value) : value;
  const lowest = Math.min(...values.map(inner));
  const highest = Math.max(...values.map(inner));
  const margin = highest > lowest ? 0.04 * (highest - lowest) : 0.5;
  const low = lowest - margin;
  const high = highest + margin;
  const ticks = roundNumbers(low, high).map((tick) => log ? 10 ** tick : tick);
  return {
    ticks,
    at: (value) => from + (inner(value) - low) / (high - low) * (to - from),
    name: (tick) => String(Number(tick.toPrecision(3))),
  };
}

/** About four multiples of 1, 2 or 5 times a power of ten in a range. */
function roundNumbers(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough)!;
  const numbers: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) numbers.push(k * step);
  return numbers;
}
