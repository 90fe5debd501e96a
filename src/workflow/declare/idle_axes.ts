/**
 * Axes that make no difference. All instances along such an axis are the same, so that a
 * forgotten `with.rate = "${matrix.rate}"` would look like a parameter without effect.
 */
import type { Declaration } from "./declare.ts";
import type { Document, StepTable } from "../parse/document.ts";
import type { Problems } from "../problems.ts";
import { parseReference } from "../reference.ts";
import type { Template } from "./template.ts";

/** @param swept axes that come from the command line, with their use */
export function checkAxes(
  document: Document,
  declarations: ReadonlyMap<string, Declaration>,
  swept: ReadonlySet<string>,
  problems: Problems,
): void {
  for (const [owner, family] of familiesOf(document.steps)) {
    const { matrix, kind } = declarations.get(owner)!;
    const idle = new Set(matrix.axes.filter((axis) => !swept.has(axis)));
    for (const name of family) {
      if (idle.size === 0) break;
      const step = document.steps.get(name)!;
      for (const axis of usedAxes(step, declarations, family)) idle.delete(axis);
    }
    const { keys } = document.steps.get(owner)!;
    const place = (keys.get("matrix") ?? keys.get("include"))?.place;
    for (const axis of idle) {
      const count = matrix.values.get(axis)?.size ?? 0;
      problems.add(
        `nothing of ${[...family].join(" or ")} depends on the axis "${axis}"` +
          (count > 1 ? `: its ${count} values compute the same` : ""),
        place && keys.has("matrix")
          ? { ...place, keys: [...place.keys, axis], part: "key" as const }
          : place,
        kind && Object.hasOwn(kind.params.shape, axis)
          ? `write with.${axis} = "\${matrix.${axis}}"`
          : `write "\${matrix.${axis}}" under with or in, or take the axis out`,
      );
    }
  }
}

/** By the step that a matrix is written in: itself and those that take it from there. */
function familiesOf(steps: ReadonlyMap<string, StepTable>): Map<string, Set<string>> {
  const families = new Map<string, Set<string>>();
  for (const name of steps.keys()) {
    const seen = new Set<string>();
    let owner = name;
    for (;;) {
      seen.add(owner);
      const next = steps.get(owner)?.keys.get("matrix")?.value;
      if (typeof next !== "string" || !steps.has(next) || seen.has(next)) break;
      owner = next;
    }
    families.set(owner, (families.get(owner) ?? new Set<string>()).add(name));
  }
  return families;
}

/** Axes that an instance's values or inputs depend on; a problem counts as a dependence. */
function usedAxes(
  step: StepTable,
  declarations: ReadonlyMap<string, Declaration>,
  family: ReadonlySet<string>,
): Set<string> {
  const { settings, inputs, needs, matrix } = declarations.get(step.name)!;
  const references = [...inputs.values(), ...needs].map(({ template }) => template);
  const templates = [...[...settings.values()].map(({ template }) => template), ...references];
  const unknown = [...step.settings.keys()].some((name) => !settings.has(name));
  if (unknown || templates.some(({ faulty }) => faulty)) return new Set(matrix.axes);
  const used = new Set(templates.flatMap(({ axes }) => axes));
  for (const template of references) {
    if (used.size === matrix.axes.length) break;
    for (const text of textsOf(template, matrix)) {
      const reference = parseReference(text);
      if ("problem" in reference) return new Set(matrix.axes);
      const { step: producer, fixed, collected } = reference;
      // Bound by name: it makes a difference if it does there; if not, that step reports it.
      if (family.has(producer)) continue;
      for (const axis of declarations.get(producer)?.matrix.axes ?? matrix.axes) {
        if (!fixed.has(axis) && !collected.has(axis)) used.add(axis);
      }
    }
  }
  return used;
}

function textsOf(template: Template, { points }: Declaration["matrix"]): Set<string> {
  const sample = template.axes.length === 0 ? points.slice(0, 1) : points;
  return new Set(sample.map((point) => String(template.evaluate(point))));
}
