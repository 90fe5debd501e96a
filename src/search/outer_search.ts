/** Nested cross-validation: the search in every outer fold, and a test of what it finds in each. */
import { readEvaluation } from "../artifacts/evaluation.ts";
import { openArtifact } from "../engine/store/artifact.ts";
import { mean } from "../evaluation/bootstrap.ts";
import type { AxisValue, Binding, Instance, Search, Workflow } from "../workflow/graph.ts";
import { topGroup } from "./metric.ts";
import { metricSource } from "./objective.ts";
import { outerEvaluation, type OuterFold, outerFolds } from "./outer_folds.ts";
import { runSearch, type SearchHost, settingsOf, trainedSettings } from "./run_search.ts";
import { bestTrial, type Trial } from "./trial.ts";
import { joinTrials } from "./trial_workflow.ts";

/** What the search found in an outer fold. */
export interface SearchedFold {
  /** On the axis of the outer folds. */
  value: AxisValue;
  trials: readonly Trial[];
  best: Trial;
  /** The metric on those set aside; absent where it is undefined. */
  tested?: number;
}

/** Of the participants of all outer folds together. */
export interface OuterEstimate {
  metric: string;
  value: number;
  lower: number;
  upper: number;
  /** Level of the interval, such as 0.95. */
  confidence: number;
  participants: number;
  /** Mean of the outer folds' best values of the search's own metric. */
  validation: number;
  folds: readonly SearchedFold[];
}

/** Trials of an outer fold that an interrupt has left. */
export interface UnfinishedFold {
  value: AxisValue;
  trials: readonly Trial[];
}

/**
 * Repeats a search in every outer fold, trains nothing else, and evaluates each fold's best networks on the
 * participants who are set aside in it.
 *
 * @returns the reason where a fold's search completed no trial
 */
export async function searchOuterFolds(
  search: Search,
  base: Workflow,
  host: SearchHost,
): Promise<OuterEstimate | { unfinished: UnfinishedFold | "test" } | { failed: string }> {
  const folds: Omit<SearchedFold, "tested">[] = [];
  const outer = outerFolds(search, base.instances);
  for (const { value, objectives } of outer) {
    const names = new Set(objectives.map(({ name }) => name));
    const { trials, unfinished } = await runSearch(search, restrict(base, names), {
      store: host.store,
      retry: host.retry,
      read: async (set) => restrict(await host.read(set), names),
      plan: (workflow, target) => host.plan(workflow, target),
      run: (plan, target) => host.run(plan, target),
      onTrial: (trial) => host.onTrial?.(trial, value),
    });
    if (unfinished.length > 0) return { unfinished: { value, trials } };
    const best = bestTrial(trials, search.goal);
    if (best === undefined) {
      return { failed: `no trial was completed at ${search.outer!.axis}=${value}` };
    }
    folds.push({ value, trials, best });
  }
  return await test(search, base, host, folds, outer);
}

/** One run of all outer folds, each with the values that its search found. */
async function test(
  search: Search,
  base: Workflow,
  host: SearchHost,
  searched: readonly Omit<SearchedFold, "tested">[],
  outer: readonly OuterFold[],
): Promise<OuterEstimate | { unfinished: "test" }> {
  const { metric } = search.outer!;
  const evaluation = outerEvaluation(search.outer!, base.instances)!;
  const bindings = [evaluation.inputs.predictions].flat() as Binding[];
  const workflows = await Promise.all(searched.map(async ({ best }, number) => {
    const names = new Set(outer[number].predictions.map(({ name }) => name));
    const set = [...settingsOf(search.space, best.values), ...trainedSettings(search, base, best)];
    return { number, workflow: restrict(await host.read(set), names) };
  }));
  const joined = joinTrials(base, workflows, "best");
  const numberOf = new Map(
    outer.flatMap(({ predictions }, number) => predictions.map(({ name }) => [name, number])),
  );
  const rebound = bindings.map((binding) => ({
    ...binding,
    instance: joined.names.get(numberOf.get(binding.instance)!)!.get(binding.instance)!,
  }));
  const tested: Instance = { ...evaluation, inputs: { predictions: rebound } };
  const workflow: Workflow = {
    ...joined.workflow,
    instances: [...joined.workflow.instances, tested],
    steps: joined.workflow.steps.map((step) =>
      step.name === evaluation.step ? { ...step, instances: [tested] } : step
    ),
  };
  const plan = await host.plan(workflow, evaluation.step);
  let outputs = plan.byName.get(tested.name)?.outputs;
  if (plan.counts["will-run"] + plan.counts["may-run"] > 0) {
    const result = await host.run(plan, evaluation.step);
    if (result === undefined || result.status === "interrupted") return { unfinished: "test" };
    if (result.errors.length > 0) throw result.errors[0];
    outputs = result.nodes.get(tested.name)?.outputs;
  }
  const stored = outputs![metricSource(tested)!.output];
  const found = await readEvaluation(openArtifact(host.store, stored));
  const group = topGroup(found, metric.name);
  const { value, lower, upper } = group.pooled.metrics[metric.name];
  // The evaluation has a fold a prediction, in their order.
  const numbers = bindings.map(({ instance }) => numberOf.get(instance));
  return {
    metric: metric.name,
    value,
    lower,
    upper,
    confidence: found.bootstrap.confidence,
    participants: group.pooled.participants,
    validation: mean(searched.map(({ best }) => best.value!)),
    folds: searched.map((fold, number) => {
      const values = group.folds.filter((_, place) => numbers[place] === number)
        .map(({ result }) => result.metrics[metric.name].value ?? NaN);
      const average = mean(values);
      return { ...fold, ...(Number.isFinite(average) && { tested: average }) };
    }),
  };
}

/** The instances of these names and what they depend on; nothing is published. */
function restrict(workflow: Workflow, names: ReadonlySet<string>): Workflow {
  const known = new Map(workflow.instances.map((instance) => [instance.name, instance]));
  const wanted = new Set<string>();
  const add = (name: string): void => {
    const instance = known.get(name);
    if (instance === undefined || wanted.has(name)) return;
    wanted.add(name);
    for (const binding of Object.values(instance.inputs).flat()) add(binding.instance);
    instance.needs.forEach(add);
  };
  names.forEach(add);
  const keep = (instances: readonly Instance[]) => instances.filter(({ name }) => wanted.has(name));
  return {
    ...workflow,
    instances: keep(workflow.instances),
    steps: workflow.steps.map((step) => ({ ...step, instances: keep(step.instances) })),
    publications: [],
    reports: [],
  };
}
