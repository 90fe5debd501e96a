/** Which instances a run is about: targets, `--until`, `--from`, `--only`, `--force`. */
import { type Issue, WorkflowError } from "../../errors.ts";
import type { Binding, Instance, Workflow } from "../../workflow/graph.ts";
import { findTarget } from "../../workflow/targets.ts";

/** Each a list of `step`, `step[axis=value]` or `step[axis=value,other=value]`. */
export interface InstanceSelection {
  /** These, and what they need. */
  targets?: readonly string[];
  /** As targets: everything up to and with these. */
  until?: readonly string[];
  /** These and all that depends on them; what they need is taken from the cache or run. */
  from?: readonly string[];
  /** These alone: whatever they need must be cached. */
  only?: readonly string[];
  /** Run these even if they are cached. */
  force?: readonly string[];
}

export interface SelectedInstances {
  /** Wanted for their own sake, by name. */
  wanted: ReadonlySet<string>;
  /** These and all that they need: nothing else is planned. */
  closure: ReadonlySet<string>;
  forced: ReadonlySet<string>;
  /** Nothing outside `wanted` may run. */
  closed: boolean;
}

/** @throws {WorkflowError} when a name fits no instance */
export function selectInstances(
  workflow: Workflow,
  selection: InstanceSelection,
): SelectedInstances {
  const issues: Issue[] = [];
  const find = (targets: readonly string[] | undefined, option?: string) => {
    const found = new Set<string>();
    for (const target of targets ?? []) {
      try {
        for (const { name } of findTarget(workflow, target)) found.add(name);
      } catch (error) {
        if (!(error instanceof WorkflowError)) throw error;
        for (const issue of error.issues) {
          issues.push(option ? { ...issue, message: `${option}: ${issue.message}` } : issue);
        }
      }
    }
    return found;
  };
  const targets = find([...selection.targets ?? [], ...selection.until ?? []]);
  const from = find(selection.from, "--from");
  const only = find(selection.only, "--only");
  const forced = find(selection.force, "--force");
  if (issues.length > 0) throw new WorkflowError(issues);

  let wanted = new Set(workflow.instances.map((instance) => instance.name));
  if (targets.size > 0) wanted = intersect(wanted, upstreamOf(workflow, targets));
  if (from.size > 0) wanted = intersect(wanted, downstreamOf(workflow, from));
  if (only.size > 0) wanted = intersect(wanted, only);
  const closure = upstreamOf(workflow, wanted);
  return { wanted, closure, forced, closed: only.size > 0 };
}

/** Every binding of an instance. */
export function* bindingsOf(instance: Instance): Generator<Binding> {
  for (const input of Object.values(instance.inputs)) {
    if (isBinding(input)) yield input;
    else yield* input;
  }
}

export function isBinding(input: Binding | readonly Binding[]): input is Binding {
  return "instance" in input;
}

/** Names of the instances that must be done first, each once. */
export function producersOf(instance: Instance): Set<string> {
  const names = new Set(instance.needs);
  for (const binding of bindingsOf(instance)) names.add(binding.instance);
  return names;
}

function upstreamOf(workflow: Workflow, names: ReadonlySet<string>): Set<string> {
  const found = new Set(names);
  for (const instance of workflow.instances.toReversed()) {
    if (!found.has(instance.name)) continue;
    for (const name of producersOf(instance)) found.add(name);
  }
  return found;
}

function downstreamOf(workflow: Workflow, names: ReadonlySet<string>): Set<string> {
  const found = new Set(names);
  for (const instance of workflow.instances) {
    for (const name of producersOf(instance)) {
      if (found.has(name)) found.add(instance.name);
    }
  }
  return found;
}

function intersect(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  return new Set([...a].filter((name) => b.has(name)));
}
