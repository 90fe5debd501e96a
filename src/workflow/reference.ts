/**
 * The spelling of instances and of references to them:
 * `step`, `step.output`, `step.output[i]`, `step[*]`, `step[axis=value]` and
 * combinations such as `predict[multi_network=true,*].table`.
 */
import type { AxisValue } from "./graph.ts";

export interface Reference {
  step: string;
  output?: string;
  /** Element of a list output. */
  index?: number;
  /** `[*]`: every instance along the axes that the consumer lacks. */
  all: boolean;
  /** `[axis=value]`, by the value's text. */
  fixed: ReadonlyMap<string, string>;
  /** `[axis=*]`: every instance along this axis, though the consumer has it too. */
  collected: ReadonlySet<string>;
}

/** Names of steps, axes and parameters of a workflow. */
export const namePattern = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** The parts of a reference, or the problem of its spelling. */
export function parseReference(text: string): Reference | { problem: string } {
  const head = /^[A-Za-z][A-Za-z0-9_-]*/.exec(text)?.[0];
  if (head === undefined) return { problem: `"${text}" is not a reference to a step` };
  const fixed = new Map<string, string>();
  const collected = new Set<string>();
  let output: string | undefined;
  let index: number | undefined;
  let all = false;
  let rest = text.slice(head.length);
  while (rest !== "") {
    const named = /^\.([A-Za-z0-9_-]+)/.exec(rest);
    if (named && output === undefined) {
      output = named[1];
      rest = rest.slice(named[0].length);
      continue;
    }
    const bracketed = /^\[([^[\]]*)\]/.exec(rest);
    if (!bracketed) return { problem: `"${text}" is not a reference: "${rest}" can't follow here` };
    rest = rest.slice(bracketed[0].length);
    for (const written of bracketed[1].split(",")) {
      const item = written.trim();
      const equals = item.indexOf("=");
      if (item === "*") {
        all = true;
      } else if (/^\d{1,9}$/.test(item) && index === undefined) {
        index = Number(item);
      } else if (equals > 0) {
        const [axis, value] = [item.slice(0, equals).trim(), item.slice(equals + 1).trim()];
        if (fixed.has(axis) || collected.has(axis)) {
          return { problem: `"${text}" gives the axis ${axis} twice` };
        }
        if (value === "*") collected.add(axis);
        else fixed.set(axis, value);
      } else {
        return {
          problem: `"${text}" is not a reference: "[${bracketed[1]}]" is neither [*], ` +
            "[axis=value] nor an index",
        };
      }
    }
  }
  return { step: head, output, index, all, fixed, collected };
}

/** An axis value as an instance's name spells it. */
export function axisText(value: AxisValue): string {
  return String(value);
}

/** `train[fold=2,multi_network=true]`; the bare step name without axes. */
export function instanceName(step: string, axes: Readonly<Record<string, AxisValue>>): string {
  const parts = Object.keys(axes).map((axis) => `${axis}=${axisText(axes[axis])}`);
  return parts.length === 0 ? step : `${step}[${parts.join(",")}]`;
}

/** The text under which an axis knows a value written as `1e-4` or `0.0001`. */
export function knownAxisText(
  written: string,
  known: (text: string) => boolean,
): string | undefined {
  if (known(written)) return written;
  const number = written === "" ? NaN : Number(written);
  const canonical = String(number);
  return Number.isFinite(number) && known(canonical) ? canonical : undefined;
}
