/** Weights of classes in the loss. */
import type { LabelCode } from "../../artifacts/model.ts";
import { DataError } from "../../errors.ts";
import type { TrainingParams } from "./parameters.ts";

/**
 * One weight a node. `balanced`: samples / (nodes x samples of the node), over the training set.
 *
 * @param nodes of the training samples; every node occurs
 * @throws {DataError} a table that lacks a label, names another, or gives labels of one node two weights
 */
export function resolveClassWeights(
  given: TrainingParams["class_weights"],
  code: LabelCode,
  nodes: ArrayLike<number>,
): number[] | undefined {
  if (given === undefined) return undefined;
  const size = Math.max(...Object.values(code)) + 1;
  if (given === "balanced") {
    const counts = new Array<number>(size).fill(0);
    for (const node of Array.from(nodes)) counts[node]++;
    return counts.map((count) => nodes.length / (size * count));
  }
  const weights = new Array<number>(size);
  for (const [label, node] of Object.entries(code)) {
    const weight = Object.hasOwn(given, label) ? given[label] : undefined;
    if (weight === undefined) {
      throw new DataError("class_weights", `has no weight for ${label}; give one for each label`);
    }
    if (weights[node] !== undefined && weights[node] !== weight) {
      throw new DataError(
        "class_weights",
        `gives labels of node ${node} the weights ${
          weights[node]
        } and ${weight}; they are one class`,
      );
    }
    weights[node] = weight;
  }
  const others = Object.keys(given).filter((label) => !Object.hasOwn(code, label));
  if (others.length > 0) {
    throw new DataError(
      "class_weights",
      `names ${others.join(", ")}; the labels are ${Object.keys(code).join(", ")}`,
    );
  }
  return weights;
}
