/**
 * Outer folds of a search, as `outer` declares them: the search is repeated on the training part of each, and its
 * best parameters are tested on participants that it has not seen.
 */
import type { AxisValue, Binding, Instance, OuterFolds, Search } from "../workflow/graph.ts";
import { type Known, nameOf } from "./paths.ts";
import { findOtherTable, isSetAside } from "./set_aside.ts";

interface Problem {
  message: string;
  suggestion?: string;
}

/** An outer fold: instances at one value of the axis. */
export interface OuterFold {
  value: AxisValue;
  /** Instances of the step whose metric the search is by. */
  objectives: readonly Instance[];
  /** Instances that predict the participants who are set aside, in the order of the evaluation. */
  predictions: readonly Instance[];
}

/** The instance that evaluates all outer folds. */
export function outerEvaluation(
  { metric }: OuterFolds,
  instances: readonly Instance[],
): Instance | undefined {
  const found = instances.filter(({ step }) => step === metric.step);
  return found.length === 1 ? found[0] : undefined;
}

/** By the values of the axis, in the order of the matrix. */
export function outerFolds(search: Search, instances: readonly Instance[]): OuterFold[] {
  const { axis } = search.outer!;
  const known = new Map(instances.map((instance) => [instance.name, instance]));
  const evaluation = outerEvaluation(search.outer!, instances);
  const predictions = evaluation === undefined
    ? []
    : [evaluation.inputs.predictions].flat().map((binding) => known.get(binding.instance)!);
  const objectives = instances.filter(({ step }) => step === search.metric.step);
  return [...Map.groupBy(objectives, ({ axes }) => axes[axis])].map(([value, objectives]) => ({
    value,
    objectives,
    predictions: predictions.filter(({ axes }) => axes[axis] === value),
  }));
}

/** Why the outer folds give no honest estimate; undefined when they do. */
export function findOuterProblem(
  search: Search,
  objectives: readonly Instance[],
  known: Known,
): Problem | undefined {
  if (search.outer === undefined) return undefined;
  const { axis, metric } = search.outer;
  const instances = [...known.values()];
  if (objectives.some(({ axes }) => !Object.hasOwn(axes, axis))) {
    const message = `${search.metric.step} has no matrix axis "${axis}", so no outer folds`;
    return { message, suggestion: `give it matrix.${axis}` };
  }
  const evaluation = outerEvaluation(search.outer, instances);
  if (evaluation?.kind.kind !== "evaluate") {
    return {
      message: `outer folds need one instance of evaluate, which ${metric.step} is not`,
      suggestion: 'let it read the predictions of all folds: in.predictions = "predict[*]"',
    };
  }
  const folds = outerFolds(search, instances);
  if (folds.length < 2) return { message: `${axis} has one value: a search needs two outer folds` };
  const bindings = [evaluation.inputs.predictions].flat() as Binding[];
  const foreign = bindings.find(({ instance }) =>
    !folds.some(({ predictions }) => predictions.some(({ name }) => name === instance))
  );
  if (foreign) {
    return { message: `${foreign.instance} is of no outer fold: it lacks a value of ${axis}` };
  }
  for (const fold of folds) {
    const problem = foldProblem(fold, search, known);
    if (problem) return problem;
  }
  return untestedProblem(search, evaluation, known);
}

function foldProblem(
  { value, objectives, predictions }: OuterFold,
  { outer }: Search,
  known: Known,
): Problem | undefined {
  if (predictions.length === 0) {
    return { message: `${outer!.metric.step} reads no predictions at ${outer!.axis}=${value}` };
  }
  for (const prediction of predictions) {
    const { name, kind, inputs, params } = prediction;
    const binding = [inputs.participants ?? []].flat()[0];
    const isTest = kind.kind === "predict" && params.on_training_data === false &&
      binding !== undefined && isSetAside(binding, known);
    if (!isTest) {
      return {
        message: `${name} predicts no participants who are set aside`,
        suggestion: 'connect its in.participants to the subset of split.fold, such as "parts.test"',
      };
    }
    const source = known.get(binding.instance)!;
    for (const reader of [...objectives, known.get([inputs.model].flat()[0].instance)!]) {
      const other = findOtherTable(reader, known, source);
      if (other === undefined) continue;
      return {
        message: `in an outer fold a search may read the training part alone, not ${
          nameOf(binding, known)
        } as well: ${other.join(" -> ")}`,
        suggestion: `let it read the other output of ${source.name}, through a split of its own`,
      };
    }
  }
}

/** The test must be of what the search varies. */
function untestedProblem(
  { space, reaches, outer }: Search,
  evaluation: Instance,
  known: Known,
): Problem | undefined {
  const seen = new Set<Instance>();
  const visit = (instance: Instance): void => {
    if (seen.has(instance)) return;
    seen.add(instance);
    for (const { instance: name } of Object.values(instance.inputs).flat()) visit(known.get(name)!);
  };
  visit(evaluation);
  const tested = new Set([...seen].map(({ step }) => step));
  const missed = space.find(({ address }) =>
    !reaches[address].some(({ step }) => tested.has(step))
  );
  return missed &&
    {
      message: `${outer!.metric.step} does not depend on ${missed.address}, which the space varies`,
    };
}
