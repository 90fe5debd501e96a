/** Why an instance will or may run: a comparison with the nearest earlier record. */
import type { Origin, Workflow } from "../../workflow/graph.ts";
import type { Digest, Json } from "../../workflow/step.ts";
import { canonicalJson, sameJson } from "../store/canonical.ts";
import type { FanInElement, KeyParts } from "../store/key.ts";

/** One reason; `old` and `new` are values of a parameter or of a version. */
export type Reason =
  | { cause: "no-record" }
  | { cause: "parameter"; name: string; old?: Json; new?: Json; origin?: Origin }
  /** A file that a path parameter names. */
  | { cause: "path"; name: string; origin?: Origin }
  | { cause: "input"; port: string; from: readonly string[]; detail?: string }
  | { cause: "version"; old: number; new: number }
  | { cause: "code" }
  | { cause: "kernel" }
  | { cause: "device"; changes: readonly { name: string; old?: Json; new?: Json }[] }
  | { cause: "missing"; output: string }
  | { cause: "corrupt"; output: string }
  | { cause: "forced" }
  /** The step has `cache = false`. */
  | { cause: "uncached" }
  /** A source step that could not run at plan time. */
  | { cause: "source" }
  /** It depends on the results of these. */
  | { cause: "upstream"; instances: readonly string[] };

/** How the parts of a key differ from those of an earlier one. */
export function compareParts(
  old: KeyParts,
  now: KeyParts,
  origins: Readonly<Record<string, Origin>>,
  producers: Readonly<Record<string, readonly string[]>>,
): Reason[] {
  const reasons: Reason[] = [];
  if (old.version !== now.version) {
    reasons.push({ cause: "version", old: old.version, new: now.version });
  }
  if (old.code !== now.code) reasons.push({ cause: "code" });
  const oldParams = { ...old.params, ...old.position };
  const newParams = { ...now.params, ...now.position };
  for (const name of namesOf(oldParams, newParams)) {
    const [before, after] = [fieldOf(oldParams, name), fieldOf(newParams, name)];
    if (sameJson(before, after)) continue;
    const origin = fieldOf(origins, name);
    reasons.push({ cause: "parameter", name, old: before, new: after, origin });
  }
  for (const name of namesOf(old.paths, now.paths)) {
    if (sameJson(fieldOf(old.paths, name), fieldOf(now.paths, name))) continue;
    reasons.push({ cause: "path", name, origin: fieldOf(origins, name) });
  }
  for (const port of namesOf(old.inputs, now.inputs)) {
    const detail = compareInput(fieldOf(old.inputs, port), fieldOf(now.inputs, port));
    if (detail === undefined) continue;
    reasons.push({ cause: "input", port, from: fieldOf(producers, port) ?? [], detail });
  }
  reasons.push(...compareDevices(old.numericClass, now.numericClass));
  return reasons;
}

/** Number of parts that differ; parameters weigh less than what a step is made of. */
export function distance(old: KeyParts, now: KeyParts): number {
  return compareParts(old, now, {}, {}).reduce((sum, { cause }) => {
    return sum + (cause === "parameter" ? 1 : 2);
  }, 0);
}

type Input = KeyParts["inputs"][string];

function compareInput(old: Input | undefined, now: Input | undefined): string | undefined {
  if (old === undefined) return "newly bound";
  if (now === undefined) return "no longer bound";
  if (typeof old === "string" && typeof now === "string") {
    return old === now ? undefined : "content changed";
  }
  const before = elementsOf(old);
  const after = elementsOf(now);
  if (before.length === after.length && before.every((text, index) => text === after[index])) {
    return undefined;
  }
  const known = new Set(before);
  const changed = after.filter((text) => !known.has(text)).length;
  return `${changed} of ${after.length} elements changed` +
    (before.length === after.length ? "" : `, there were ${before.length}`);
}

function elementsOf(input: Digest | readonly FanInElement[]): string[] {
  return typeof input === "string"
    ? [input]
    : input.map((element) => canonicalJson({ digest: element.digest, axes: element.axes }));
}

function compareDevices(old: Json | undefined, now: Json | undefined): Reason[] {
  if (sameJson(old, now)) return [];
  const before = fieldsOf(old);
  const after = fieldsOf(now);
  const changes = namesOf(before, after).filter((name) => !sameJson(before[name], after[name]))
    .map((name) => ({ name, old: before[name], new: after[name] }));
  const reasons: Reason[] = [];
  if (changes.some(({ name }) => name === "kernels")) reasons.push({ cause: "kernel" });
  const device = changes.filter(({ name }) => name !== "kernels");
  if (device.length > 0) reasons.push({ cause: "device", changes: device });
  return reasons;
}

function fieldsOf(value: Json | undefined): Readonly<Record<string, Json>> {
  if (value === undefined) return {};
  if (value === null || typeof value !== "object" || Array.isArray(value)) return { class: value };
  return value as Readonly<Record<string, Json>>;
}

/** The object's own field: names come from files, and may be `constructor`. */
function fieldOf<T>(object: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function namesOf(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

/** {@link reasonText}, with the line where a changed parameter was written. */
export async function locatedReasonText(reason: Reason, workflow: Workflow): Promise<string> {
  const place = "origin" in reason ? reason.origin?.place : undefined;
  if (place === undefined) return reasonText(reason);
  const { line, file } = await workflow.locate(place);
  const where = file === workflow.file ? `line ${line}` : `${file.split("/").at(-1)}:${line}`;
  return `${reasonText(reason)} (${where})`;
}

/** A reason in a few words, for tables. */
export function reasonText(reason: Reason): string {
  switch (reason.cause) {
    case "no-record":
      return "never run";
    case "parameter":
      return `${reason.name}: ${showValue(reason.old)} → ${showValue(reason.new)}`;
    case "path":
      return `${reason.name}: content changed`;
    case "input":
      return `input ${reason.port}${reason.from.length === 1 ? ` (${reason.from[0]})` : ""}: ` +
        (reason.detail ?? "changed");
    case "version":
      return `step version ${reason.old} → ${reason.new}`;
    case "code":
      return "code of the step changed";
    case "kernel":
      return "kernel table changed";
    case "device":
      return "device changed: " +
        reason.changes.map((c) => `${c.name} ${showValue(c.old)} → ${showValue(c.new)}`).join(", ");
    case "missing":
      return `output ${reason.output} is missing from the cache`;
    case "corrupt":
      return `output ${reason.output} was corrupt in the cache`;
    case "forced":
      return "forced";
    case "uncached":
      return "cache = false";
    case "source":
      return "looks at files outside";
    case "upstream":
      return reason.instances.length === 1
        ? `waits for ${reason.instances[0]}`
        : `waits for ${reason.instances[0]} and ${reason.instances.length - 1} more`;
  }
}

function showValue(value: Json | undefined): string {
  if (value === undefined) return "(none)";
  const text = JSON.stringify(value);
  return text.length > 60 ? text.slice(0, 57) + "..." : text;
}
