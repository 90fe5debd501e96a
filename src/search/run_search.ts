/**
 * Runs a search. Nothing but results in the cache and failed trials are kept of it: a search that was
 * interrupted, or that is extended, computes its trials from the first one again and finds them cached.
 */
import type { Plan } from "../engine/plan/plan.ts";
import type { RunResult } from "../engine/run/run.ts";
import type { OutputRefs } from "../engine/plan/keying.ts";
import type { Store } from "../engine/store/store.ts";
import { StepError, WorkflowError } from "../errors.ts";
import { toml } from "../workflow/describe/toml_text.ts";
import type { AxisValue, Instance, Search, Workflow } from "../workflow/graph.ts";
import { Failures } from "./failures.ts";
import { readMetric } from "./metric.ts";
import { metricSource, trainingStep } from "./objective.ts";
import { goesOn, stagesOf } from "./pruners.ts";
import { SAMPLERS } from "./samplers/mod.ts";
import type { Assignment, SearchParameter } from "./space.ts";
import { lossOf, type Trial } from "./trial.ts";
import { type JoinedWorkflow, joinTrials, type TrialWorkflow } from "./trial_workflow.ts";

/** What a search uses of the program. */
export interface SearchHost {
  store: Store;
  /** The workflow with arguments of `--set`. @throws {WorkflowError} */
  read(set: readonly string[]): Promise<Workflow>;
  /** Plans a target of a workflow. */
  plan(workflow: Workflow, target: string): Promise<Plan>;
  /** Runs what is planned, and goes on after failures; undefined to stop before it. */
  run(plan: Plan, target: string): Promise<RunResult | undefined>;
  /** Runs trials again that failed. */
  retry: boolean;
  /** @param outer the outer fold that it is of */
  onTrial?(trial: Trial, outer?: AxisValue): void;
}

export interface SearchResult {
  trials: readonly Trial[];
  /** Trials that an interrupt has left. */
  unfinished: readonly Pick<Trial, "number" | "values">[];
}

/** A trial that is being computed. */
interface RunningTrial {
  number: number;
  values: Assignment;
  earlier: readonly Trial[];
  stages: number[];
  curve: readonly number[];
}

/** Arguments of `--set` for a trial's values. */
export function settingsOf(space: readonly SearchParameter[], values: Assignment): string[] {
  const choices = new Map(space.map(({ address, chooses }) => [address, chooses]));
  return Object.entries(values).flatMap(([address, value]) => {
    const chooses = choices.get(address);
    if (chooses === undefined) return [`${address}=${toml(value)}`];
    return value === false ? [`${chooses.address}=${toml(chooses.or)}`] : [];
  });
}

/** Arguments of `--set` for the epochs that a pruner let a trial reach. */
export function trainedSettings(
  search: Search,
  { steps, instances }: Workflow,
  { epochs }: Pick<Trial, "epochs">,
): string[] {
  const training = trainingStep(search, instances);
  const chain = steps.find(({ name }) => name === training)?.kind.chain;
  return epochs === undefined || chain === undefined ? [] : [`${training}.${chain}=${epochs}`];
}

/**
 * @throws {StepError} when a step that trials share fails; {DataError} when results lack the metric
 */
export async function runSearch(
  search: Search,
  base: Workflow,
  host: SearchHost,
): Promise<SearchResult> {
  const runner = new SearchRunner(search, base, host);
  const trials: Trial[] = [];
  while (trials.length < search.nTrials) {
    const batch: RunningTrial[] = [];
    const end = Math.min(search.nTrials, trials.length + search.parallel);
    for (let number = trials.length; number < end; number++) {
      const earlier = trials.slice(0, Math.max(0, number - search.parallel + 1));
      batch.push({
        number,
        values: runner.propose(number, earlier),
        earlier,
        stages: [],
        curve: [],
      });
    }
    const done = await runner.run(batch);
    if (done === undefined) return { trials, unfinished: batch };
    trials.push(...done);
    for (const trial of done) host.onTrial?.(trial);
  }
  return { trials, unfinished: [] };
}

class SearchRunner {
  readonly #failures: Failures;
  /** Epochs after which trials are judged; one stage without epochs when there is no pruner. */
  readonly #stages: readonly (number | undefined)[];

  constructor(readonly search: Search, readonly base: Workflow, readonly host: SearchHost) {
    const { pruner } = search;
    this.#failures = new Failures(host.store, host.retry);
    this.#stages = pruner.kind === "none" ? [undefined] : stagesOf(pruner.stages);
  }

  propose(number: number, earlier: readonly Trial[]): Assignment {
    const { sampler, space, seed, goal } = this.search;
    const observations = earlier.map(({ values, value, state, epochs }) => ({
      values,
      ...(value !== undefined && { loss: lossOf(goal, value) }),
      ...(state === "pruned" && { prunedAfter: epochs }),
    }));
    return SAMPLERS[sampler](space, seed, number, observations);
  }

  /** @returns the trials in their order; undefined after an interrupt */
  async run(batch: readonly RunningTrial[]): Promise<Trial[] | undefined> {
    const done = new Map<number, Trial>();
    let running = [...batch];
    for (const [stage, epochs] of this.#stages.entries()) {
      const workflows: TrialWorkflow[] = [];
      for (const trial of running) {
        const workflow = await this.#read(trial, epochs);
        if (workflow instanceof WorkflowError) {
          done.set(trial.number, failed(trial, workflow.issues[0].message, epochs));
        } else workflows.push({ number: trial.number, workflow });
      }
      const outcomes = await this.#compute(workflows);
      if (outcomes === undefined) return undefined;
      const next: RunningTrial[] = [];
      for (const trial of running) {
        const outcome = outcomes.get(trial.number);
        if (outcome === undefined) continue;
        const measured = typeof outcome === "string" ? outcome : await this.#measure(outcome);
        if (typeof measured === "string") {
          done.set(trial.number, failed(trial, measured, epochs));
          continue;
        }
        trial.stages.push(measured.value);
        trial.curve = measured.curve;
        const isLast = stage === this.#stages.length - 1;
        if (!isLast && this.#goesOn(trial, stage)) next.push(trial);
        else done.set(trial.number, finished(trial, isLast ? "complete" : "pruned", epochs));
      }
      running = next;
    }
    return batch.map(({ number }) => done.get(number)!);
  }

  async #read(
    { values }: RunningTrial,
    epochs: number | undefined,
  ): Promise<Workflow | WorkflowError> {
    const stage = trainedSettings(this.search, this.base, { epochs });
    try {
      return await this.host.read([...settingsOf(this.search.space, values), ...stage]);
    } catch (error) {
      if (error instanceof WorkflowError) return error;
      throw error;
    }
  }

  /**
   * Outputs of the metric's instances of each trial, or why it failed.
   *
   * @returns undefined after an interrupt
   */
  async #compute(
    trials: readonly TrialWorkflow[],
  ): Promise<Map<number, Result[] | string> | undefined> {
    const { step } = this.search.metric;
    const found = new Map<number, Result[] | string>();
    if (trials.length === 0) return found;
    let joined = joinTrials(this.base, trials);
    let plan = await this.host.plan(joined.workflow, step);
    for (const [number, instances] of joined.instances) {
      const reason = this.#knownFailure(instances, plan);
      if (reason !== undefined) found.set(number, reason);
    }
    const rest = trials.filter(({ number }) => !found.has(number));
    if (rest.length === 0) return found;
    if (rest.length < trials.length) {
      joined = joinTrials(this.base, rest);
      plan = await this.host.plan(joined.workflow, step);
    }
    let outputs = (name: string) => plan.byName.get(name)?.outputs;
    if (plan.counts["will-run"] + plan.counts["may-run"] > 0) {
      const result = await this.host.run(plan, step);
      if (result === undefined || result.status === "interrupted") return undefined;
      const { nodes, errors } = result;
      await this.#addFailures(joined, nodes, errors, found);
      outputs = (name) => nodes.get(name)?.outputs;
    }
    for (const [number, instances] of joined.instances) {
      if (found.has(number)) continue;
      const results = instances.filter((instance) => instance.step === step);
      found.set(
        number,
        results.map((instance) => ({ instance, outputs: outputs(instance.name)! })),
      );
    }
    return found;
  }

  #knownFailure(instances: readonly Instance[], plan: Plan): string | undefined {
    for (const { name } of instances) {
      const { key, state } = plan.byName.get(name)!;
      if (key === undefined || state === "unwanted" || state === "cached") continue;
      const reason = this.#failures.reason(key);
      if (reason !== undefined) return reason;
    }
  }

  /** @throws {Error} the failure of an instance that trials share: none of them could go on */
  async #addFailures(
    { instances, owned }: JoinedWorkflow,
    nodes: RunResult["nodes"],
    errors: readonly Error[],
    found: Map<number, string | Result[]>,
  ): Promise<void> {
    for (const [number, own] of instances) {
      const node = own.map(({ name }) => nodes.get(name)!).find((each) =>
        each.outcome === "failed"
      );
      if (!node) continue;
      const { name } = node.planned.instance;
      if (!owned.has(name)) {
        throw errors.find((error) => error instanceof StepError && error.instance === name) ??
          errors[0];
      }
      const reason = node.message ?? "it failed";
      if (node.key !== undefined) await this.#failures.record(node.key, reason);
      found.set(number, reason);
    }
    const others = errors.filter((error) => !(error instanceof StepError));
    if (others.length > 0) throw others[0];
  }

  async #measure(results: readonly Result[]) {
    const { metric } = this.search;
    const refs = results.map(({ instance, outputs }) => outputs[metricSource(instance)!.output]);
    const measured = await readMetric(this.host.store, refs, metric.name);
    return Number.isFinite(measured.value) ? measured : `its ${metric.name} is undefined`;
  }

  #goesOn(trial: RunningTrial, stage: number): boolean {
    const { goal, pruner } = this.search;
    const loss = (value: number) => lossOf(goal, value);
    const judged = trial.earlier.filter(({ state }) => state !== "failed").map((each) => ({
      losses: each.stages.map(loss),
      completed: each.state === "complete",
    }));
    return goesOn(pruner, stage, loss(trial.stages[stage]), judged);
  }
}

interface Result {
  instance: Instance;
  outputs: OutputRefs;
}

function finished(
  { number, values, stages, curve }: RunningTrial,
  state: "complete" | "pruned",
  epochs: number | undefined,
): Trial {
  const value = stages[stages.length - 1];
  return { number, values, state, value, curve, stages, ...(epochs !== undefined && { epochs }) };
}

function failed(trial: RunningTrial, reason: string, epochs: number | undefined): Trial {
  const { number, values, stages, curve } = trial;
  return {
    number,
    values,
    state: "failed",
    curve,
    stages,
    ...(epochs !== undefined && { epochs }),
    reason,
  };
}
