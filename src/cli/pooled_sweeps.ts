/** Sweeps whose values a step scores together. */
import type { Plan } from "../engine/plan/plan.ts";

/**
 * A sentence for each step with a parameter `group_by` that collects the results of a sweep and does
 * not keep its values apart.
 *
 * @param sweep arguments of `--sweep`: `train.learning_rate=1e-3,1e-4`
 */
export function pooledSweeps(sweep: readonly string[], { instances, byName }: Plan): string[] {
  const swept = sweep.map((text) => text.slice(text.indexOf(".") + 1, text.indexOf("=")));
  const found = new Map<string, string>();
  for (const { instance: { step, axes, params, inputs } } of instances) {
    const groupBy = params.group_by;
    if (!Array.isArray(groupBy)) continue;
    const collected = Object.values(inputs).flat()
      .map(({ instance }) => byName.get(instance)?.instance.axes ?? {});
    const pooled = swept.filter((axis) =>
      !groupBy.includes(axis) && !Object.hasOwn(axes, axis) &&
      collected.some((point) => Object.hasOwn(point, axis))
    );
    if (pooled.length === 0) continue;
    const value = JSON.stringify([...groupBy, ...pooled]);
    found.set(
      step,
      `${step} pools the values of ${pooled.join(" and ")}; ` +
        `--set '${step}.group_by=${value}' scores them separately`,
    );
  }
  return [...found.values()];
}
