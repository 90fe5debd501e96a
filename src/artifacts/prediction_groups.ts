/** Which predictions are the folds of one result. */
import { DataError } from "../errors.ts";
import type { Artifact } from "../workflow/step.ts";
import { predictionsMeta } from "./predictions.ts";

type Grouped = Pick<Artifact, "meta" | "axes">;

/** Predictions that agree on data group, selection metrics, mode and the axes; in the order given. */
export function groupPredictions<Item extends Grouped>(
  items: readonly Item[],
  groupBy: readonly string[],
): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const { data_group, selection_metrics, mode } = predictionsMeta(item);
    const key = JSON.stringify([pickAxes(item, groupBy), data_group, selection_metrics, mode]);
    const members = groups.get(key);
    if (members) members.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

/** @throws {DataError} naming the axis that the predictions lack */
export function pickAxes(
  { axes = {} }: Grouped,
  groupBy: readonly string[],
): Record<string, string | number | boolean> {
  return Object.fromEntries(groupBy.map((axis) => {
    const value = axes[axis];
    if (value === undefined) {
      const known = Object.keys(axes).map((name) => `"${name}"`).join(", ");
      throw new DataError(
        "group_by",
        `the predictions have no matrix axis "${axis}"${known ? `; they have ${known}` : ""}`,
      );
    }
    return [axis, value];
  }));
}

/** The split that the model was trained on; the index among the folds where there is none. */
export function foldName(item: Grouped, index: number): string {
  return String(predictionsMeta(item).split ?? index);
}
