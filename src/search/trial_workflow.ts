/** The instances of several trials in one workflow, so that one run computes them together. */
import type { Binding, Instance, Workflow } from "../workflow/graph.ts";
import { instanceName } from "../workflow/reference.ts";
import type { Json } from "../workflow/step.ts";

/** A trial's workflow: the file with the values of the trial. */
export interface TrialWorkflow {
  number: number;
  workflow: Workflow;
}

export interface JoinedWorkflow {
  workflow: Workflow;
  /** Instances of each trial under their names in the joined workflow; shared ones included. */
  instances: ReadonlyMap<number, readonly Instance[]>;
  /** Of each trial: the names in the joined workflow by those in its own. */
  names: ReadonlyMap<number, ReadonlyMap<string, string>>;
  /** Names of the instances that only one trial has. */
  owned: ReadonlySet<string>;
}

/**
 * Instances that a trial has in common with the file are there once; its own are called
 * `train[trial=3,fold=0]`. A key knows no names: an instance is cached under the same key as in a run
 * with `--set`. Nothing is published.
 *
 * @param axis of the trials' numbers in names
 */
export function joinTrials(
  base: Workflow,
  trials: readonly TrialWorkflow[],
  axis = "trial",
): JoinedWorkflow {
  const original = new Map(base.instances.map((instance) => [instance.name, instance]));
  const merged = new Map<string, Instance>();
  const byTrial = new Map<number, Instance[]>();
  const names = new Map<number, Map<string, string>>();
  const owned = new Set<string>();
  for (const { number, workflow } of trials) {
    const renamed = new Map<string, string>();
    const own: Instance[] = [];
    byTrial.set(number, own);
    names.set(number, renamed);
    for (const instance of workflow.instances) {
      const shared = original.get(instance.name);
      const isShared = shared !== undefined && sameWork(shared, instance) &&
        producers(instance).every((name) => renamed.get(name) === name);
      const name = isShared
        ? instance.name
        : instanceName(instance.step, { [axis]: number, ...instance.axes });
      renamed.set(instance.name, name);
      if (!isShared) owned.add(name);
      const joined = isShared ? shared : withNames(instance, name, renamed);
      if (!merged.has(name)) merged.set(name, joined);
      own.push(merged.get(name)!);
    }
  }
  const order = new Map(base.steps.map(({ name }, index) => [name, index]));
  const instances = [...merged.values()].sort((a, b) => order.get(a.step)! - order.get(b.step)!);
  return {
    workflow: {
      ...base,
      steps: base.steps.map((step) => ({
        ...step,
        instances: instances.filter((instance) => instance.step === step.name),
      })),
      instances,
      publications: [],
      reports: [],
    },
    instances: byTrial,
    names,
    owned,
  };
}

function producers({ inputs, needs }: Instance): string[] {
  return [...Object.values(inputs).flat().map(({ instance }) => instance), ...needs];
}

function sameWork(a: Instance, b: Instance): boolean {
  const facts = ({ kind, params, inputs, needs }: Instance) =>
    JSON.stringify([kind.kind, params, inputs, needs] as unknown as Json);
  return a === b || facts(a) === facts(b);
}

function withNames(
  instance: Instance,
  name: string,
  renamed: ReadonlyMap<string, string>,
): Instance {
  const rename = (binding: Binding): Binding => ({
    ...binding,
    instance: renamed.get(binding.instance)!,
  });
  const inputs = Object.entries(instance.inputs).map(([port, bound]) => [
    port,
    Array.isArray(bound) ? bound.map(rename) : rename(bound as Binding),
  ]);
  return {
    ...instance,
    name,
    inputs: Object.fromEntries(inputs),
    needs: instance.needs.map((needed) => renamed.get(needed)!),
  };
}
