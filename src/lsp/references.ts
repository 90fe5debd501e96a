/** References to outputs of steps: which ones fit a port, and where a written one leads. */
import type { InputPort, OutputPort, StepKind } from "../workflow/step.ts";
import { outputsFor } from "../workflow/describe/steps_text.ts";
import { axesOf, type FindKind, type WrittenStep } from "./workflow_sources.ts";

export interface Candidate {
  /** As it is written, such as `split.train` or `predict[*]`. */
  reference: string;
  /** Type of what it refers to. */
  type: string;
  description: string;
}

/**
 * References that a port of `consumer` can be connected to; any output without a port.
 *
 * @param consumer the step that is being written; undefined in `[publish]`
 */
export async function candidates(
  steps: ReadonlyMap<string, WrittenStep>,
  consumer: WrittenStep | undefined,
  port: InputPort | undefined,
  findKind: FindKind,
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  const own = consumer ? axesOf(consumer, steps) : undefined;
  for (const step of steps.values()) {
    if (step === consumer) continue;
    const kind = await findKind(step.uses);
    if (kind === undefined) continue;
    const collects = own !== undefined && port?.many === true &&
      axesOf(step, steps).some((axis) => !own.includes(axis));
    const head = collects ? `${step.name}[*]` : step.name;
    found.push(...fitting(head, outputsFor(kind, step.params), port, own ?? []));
  }
  return found;
}

function fitting(
  head: string,
  outputs: Readonly<Record<string, OutputPort>>,
  port: InputPort | undefined,
  axes: readonly string[],
): Candidate[] {
  const fits = (type: string | undefined) =>
    type !== undefined && (port === undefined || port.types.includes(type));
  const direct = Object.entries(outputs).filter(([, { type }]) => fits(type));
  return Object.entries(outputs).flatMap(([name, { type, list, description }]): Candidate[] => {
    const only = Object.keys(outputs).length === 1 || direct.length === 1 && fits(type);
    const reference = only ? head : `${head}.${name}`;
    if (fits(type)) return [{ reference, type, description }];
    if (list === undefined || !fits(list)) return [];
    const axis = axes.includes(list) ? list : axes[0];
    const index = axis === undefined ? "0" : `\${matrix.${axis}}`;
    return [{ reference: `${reference}[${index}]`, type: list, description }];
  });
}

/** Whether the value at this address of a workflow is a reference. */
export function isReference(keys: readonly string[]): boolean {
  if (keys[0] === "publish") return keys.length === 2;
  return keys[0] === "steps" &&
    (keys[2] === "in" && (keys.length === 4 || keys.length === 5) || keys[2] === "needs" ||
      keys[2] === "matrix" && keys.length === 3);
}

/** The port at `["steps", NAME, "in", PORT]`. */
export function portAt(keys: readonly string[], kind: StepKind | undefined): InputPort | undefined {
  if (keys[2] !== "in" || kind === undefined) return undefined;
  return Object.hasOwn(kind.inputs, keys[3]) ? kind.inputs[keys[3]] : undefined;
}
