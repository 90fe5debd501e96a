/** One group of what a run evaluated, so that groups of the same run can be compared. */
import { DataError } from "../../errors.ts";
import type { EvaluatedGroupData, EvaluationData } from "../data.ts";

/**
 * The groups that a text names: an instance of `evaluate`, or values of axes such as `fold=0,network=resnet18`.
 *
 * @throws {DataError} when there is none, or several that only other axes tell apart
 */
export function chooseGroups(
  evaluations: readonly EvaluationData[],
  text: string,
  run: string,
): EvaluationData[] {
  const byInstance = evaluations.filter(({ instance }) => instance === text);
  const wanted = text.split(",").map((pair) => pair.trim());
  const chosen = byInstance.length > 0 ? byInstance : evaluations
    .map((evaluation) => ({
      ...evaluation,
      groups: evaluation.groups.filter((group) => {
        const known = axesOf(evaluation.instance, group);
        return wanted.every((pair) => known.includes(pair));
      }),
    }))
    .filter(({ groups }) => groups.length > 0);
  const names = (from: readonly EvaluationData[]) => [
    ...new Set(
      from.flatMap(({ instance, groups }) =>
        groups.map((group) => group.axes === "" ? instance : `${instance}: ${group.axes}`)
      ),
    ),
  ];
  if (chosen.length === 0) {
    throw new DataError(run, `it has no group "${text}"; it has ${names(evaluations).join("; ")}`);
  }
  const found = names(chosen);
  if (found.length === 1) return chosen;
  throw new DataError(run, `"${text}" names ${found.length} groups: ${found.join("; ")}`);
}

/** Pairs of an axis and its value, of the instance and of the group. */
function axesOf(instance: string, { axes }: EvaluatedGroupData): string[] {
  const inside = /\[(.*)\]$/.exec(instance)?.[1] ?? "";
  return [...inside.split(","), ...axes.split(",")].map((pair) => pair.trim()).filter(Boolean);
}
