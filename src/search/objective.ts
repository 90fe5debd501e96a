/**
 * Which participants a search's metric is computed from: those that its model was trained or validated on,
 * and no others. A search that read a test set would choose by it.
 */
import { smallerIsBetter } from "../evaluation/selection.ts";
import type { Instance, Search } from "../workflow/graph.ts";
import { outputPorts } from "../workflow/step.ts";
import { findMovingSet } from "./fixed_sets.ts";
import { findOuterProblem } from "./outer_folds.ts";
import { type Known, nameOf } from "./paths.ts";
import { findSetAside } from "./set_aside.ts";
import { MOST_SOBOL_DIMENSIONS } from "./samplers/sobol.ts";

/** A problem of the key of `[search.NAME]`. */
export interface SearchProblem {
  key: "metric" | "goal" | "sampler" | "pruner" | "space" | "outer";
  /** The parameter of the space. */
  address?: string;
  message: string;
  suggestion?: string;
}

/** Data groups that a model names its own participants by. */
const OWN_GROUPS = ["train", "validation"];

/** Why a search can't be run; undefined when it can. */
export function findSearchProblem(
  search: Search,
  instances: readonly Instance[],
): SearchProblem | undefined {
  const { metric, sampler, space, goal } = search;
  const known = new Map(instances.map((instance) => [instance.name, instance]));
  const objectives = instances.filter(({ step }) => step === metric.step);
  for (const instance of objectives) {
    const problem = objectiveProblem(search, instance, known);
    if (problem) return { key: "metric", ...problem };
  }
  const moving = findMovingSet(search, objectives, known);
  if (moving) {
    const suggestion = `take ${moving.address} out of [search.${search.name}.space]; ` +
      "the matrix of a step compares such values";
    return { key: "space", ...moving, suggestion };
  }
  const outer = findOuterProblem(search, objectives, known);
  if (outer) return { key: "outer", ...outer };
  const better = smallerIsBetter(metric.name) ? "minimize" : "maximize";
  if (goal !== better) {
    const message = `${goal} ${metric.name}: its best values are at the other end`;
    return { key: "goal", message, suggestion: `write goal = "${better}"` };
  }
  if (sampler === "sobol" && space.length > MOST_SOBOL_DIMENSIONS) {
    const message = `sobol takes at most ${MOST_SOBOL_DIMENSIONS} parameters, not ${space.length}`;
    return { key: "sampler", message, suggestion: 'write sampler = "tpe"' };
  }
  return prunerProblem(search, instances, known);
}

type Problem = Omit<SearchProblem, "key" | "address">;

function objectiveProblem(
  { metric: { step, name }, outer }: Search,
  instance: Instance,
  known: Known,
): Problem | undefined {
  const { kind, params } = instance;
  if (kind.code !== undefined) {
    return {
      message: `${step} is a step of your own: whose data its metrics come from can't be checked`,
      suggestion: "search by a metric of a training or of evaluate",
    };
  }
  const type = metricSource(instance)?.type;
  if (type === undefined) {
    return {
      message: `${step} (${kind.kind}) has no metrics`,
      suggestion: "search by a metric of a training or of evaluate",
    };
  }
  if (type === "model") {
    const selecting = params.selection_metrics;
    if (kind.chain === undefined || !Array.isArray(selecting)) {
      return { message: `the model of ${step} (${kind.kind}) was not trained here` };
    }
    if (!selecting.includes(name)) {
      return {
        message: `${step} keeps no network by ${name}`,
        suggestion: `write selection_metrics = ${JSON.stringify([...selecting, name])} in ${step}`,
      };
    }
  } else {
    const problem = predictionsProblem(instance, known);
    if (problem) return problem;
  }
  const reading = findSetAside(instance, known, outer !== undefined);
  if (reading === undefined) return undefined;
  const { path, within } = reading;
  const way = path.join(" -> ");
  return {
    message: within === undefined
      ? `a search must not read participants who are set aside: ${way}`
      : `a search must not read participants who are set aside as ${within}: ${way}`,
    suggestion: "train and validate on the others, such as split.train",
  };
}

/** The output that the metrics of a step are in. */
export function metricSource(
  { kind, params }: Instance,
): { output: string; type: "model" | "evaluation" } | undefined {
  for (const [output, { type }] of Object.entries(outputPorts(kind, params))) {
    if (type === "model" || type === "evaluation") return { output, type };
  }
}

/** An evaluation must be of predictions of a model's own training or validation set. */
function predictionsProblem(evaluation: Instance, known: Known): Problem | undefined {
  for (const binding of Object.values(evaluation.inputs).flat()) {
    const producer = known.get(binding.instance)!;
    const { kind, inputs, params } = producer;
    const path = (...before: readonly string[]) =>
      [...before, nameOf(binding, known), evaluation.name].join(" -> ");
    const suggestion =
      `search by a metric of the training, or let ${producer.step} predict the model's ` +
      'data_group = "validation", without in.participants';
    const given = [inputs.participants ?? []].flat()[0];
    if (given) {
      const message = `a search may read the model's own participants alone: ${
        path(nameOf(given, known))
      }`;
      return { message, suggestion };
    }
    const isOwn = kind.code === undefined && inputs.model !== undefined &&
      OWN_GROUPS.includes(String(params.data_group));
    if (!isOwn) {
      return { message: `whose predictions these are can't be checked: ${path()}`, suggestion };
    }
  }
}

/** The step whose epochs a pruner sets: the metric's own, or that of the model that is evaluated. */
export function trainingStep(
  { metric }: Search,
  instances: readonly Instance[],
): string | undefined {
  const known = new Map(instances.map((instance) => [instance.name, instance]));
  const steps = new Set<string>();
  for (const instance of instances.filter(({ step }) => step === metric.step)) {
    const trained = instance.kind.chain !== undefined ? [instance] : modelsOf(instance, known);
    for (const { step, kind } of trained) if (kind.chain !== undefined) steps.add(step);
  }
  return steps.size === 1 ? [...steps][0] : undefined;
}

function modelsOf(evaluation: Instance, known: Known): Instance[] {
  const producers = (instance: Instance, port?: string) =>
    Object.entries(instance.inputs).filter(([name]) => port === undefined || name === port)
      .flatMap(([, bindings]) => [bindings].flat().map((binding) => known.get(binding.instance)!));
  return producers(evaluation).flatMap((prediction) => producers(prediction, "model"));
}

function prunerProblem(
  search: Search,
  instances: readonly Instance[],
  known: Known,
): SearchProblem | undefined {
  const { pruner, metric, space } = search;
  if (pruner.kind === "none") return undefined;
  const step = trainingStep(search, instances);
  const training = [...known.values()].find((instance) => instance.step === step);
  if (step === undefined || training === undefined) {
    const message = `${pruner.kind} needs one training whose epochs it sets; ` +
      `${metric.step} does not depend on one alone`;
    return { key: "pruner", message };
  }
  const isSearched = (parameter: string) =>
    space.some(({ address }) => address === `${step}.${parameter}`);
  const { kind, params } = training;
  if (isSearched(kind.chain!)) {
    const message = `${pruner.kind} sets ${kind.chain} of ${step}, which the space varies too`;
    return { key: "pruner", message, suggestion: `take ${step}.${kind.chain} out of the space` };
  }
  const isScheduled = params.learning_rate_schedule !== "constant" ||
    isSearched("learning_rate_schedule");
  const needsHorizon = Object.hasOwn(kind.params.shape, "schedule_epochs") && isScheduled &&
    params.schedule_epochs === undefined;
  if (!needsHorizon) return undefined;
  return {
    key: "pruner",
    message:
      `${pruner.kind} requires schedule_epochs of ${step}, so that stopping early does not ` +
      "change the epochs before",
    suggestion: `write schedule_epochs = ${pruner.stages.max} in ${step}`,
  };
}
