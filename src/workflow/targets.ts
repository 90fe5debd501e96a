/** Targets on the command line: `train`, `train[fold=2]`, in the spelling of instance names. */
import { WorkflowError } from "../errors.ts";
import type { Instance, Workflow } from "./graph.ts";
import { axisText, knownAxisText, parseReference } from "./reference.ts";
import { didYouMean } from "./suggest.ts";

/**
 * The instances that a target names: all of a step, or those at the given axis values in any order.
 *
 * @throws {WorkflowError} when there is no such step, axis or value
 */
export function findTarget(workflow: Workflow, text: string): readonly Instance[] {
  const fail = (message: string, suggestion?: string): never => {
    throw new WorkflowError([{ message, suggestion }]);
  };
  const reference = parseReference(text);
  if ("problem" in reference) return fail(reference.problem);
  const step = workflow.steps.find((each) => each.name === reference.step);
  if (step === undefined) {
    const names = workflow.steps.map(({ name }) => name);
    return fail(`there is no step "${reference.step}"`, didYouMean(reference.step, names));
  }
  const { output, index, fixed } = reference;
  if (output !== undefined || index !== undefined) {
    return fail(
      `"${text}" names an output`,
      `name a step or an instance, such as ${step.instances[0].name}`,
    );
  }
  const unknown = [...fixed.keys(), ...reference.collected].find((axis) =>
    !step.axes.includes(axis)
  );
  if (unknown !== undefined) {
    return fail(
      step.axes.length === 0
        ? `${step.name} has no matrix`
        : `${step.name} has no matrix axis "${unknown}"`,
      didYouMean(unknown, step.axes),
    );
  }
  let instances = step.instances;
  for (const [axis, written] of fixed) {
    const texts = new Set(step.instances.map(({ axes }) => axisText(axes[axis])));
    const value = knownAxisText(written, (each) => texts.has(each));
    if (value === undefined) {
      return fail(`no instance of ${step.name} has ${axis}=${written}`, didYouMean(written, texts));
    }
    instances = instances.filter(({ axes }) => axisText(axes[axis]) === value);
  }
  if (instances.length === 0) return fail(`there is no instance ${text}`);
  return instances;
}
