/** The parameters of runs, and those in which runs differ. */
import type { RunRecord } from "../../engine/run/run_folder.ts";
import { canonicalJson } from "../../engine/store/canonical.ts";
import type { Json } from "../../workflow/step.ts";

/** Values of a parameter in one run: several where a matrix or a sweep has several. */
export interface RunParameter {
  /** `train.learning_rate`, or `params.n_splits` of the workflow. */
  name: string;
  values: Json[];
}

/** Those of the workflow, then those of its steps in the order of instances. */
export function parametersOf({ workflow, instances }: RunRecord): RunParameter[] {
  const found = new Map<string, Map<string, Json>>();
  const add = (name: string, value: Json) => {
    const values = found.get(name) ?? new Map<string, Json>();
    found.set(name, values.set(canonicalJson(value), value));
  };
  for (const [name, value] of Object.entries(workflow.params)) add(`params.${name}`, value);
  for (const { step, params } of instances) {
    for (const [name, value] of Object.entries(params)) add(`${step}.${name}`, value);
  }
  return [...found].map(([name, values]) => ({ name, values: [...values.values()] }));
}

/** `1e-3`, or `1e-3, 1e-4`. */
export function valuesText(values: readonly Json[]): string {
  return values.map((value) => typeof value === "string" ? value : JSON.stringify(value)).join(
    ", ",
  );
}

export interface DifferingParameter {
  name: string;
  /** By run; undefined where a run has none. */
  values: (string | undefined)[];
}

/**
 * Parameters that differ between the runs that have them, each once: a parameter of steps that follows one of the workflow
 * is left out, and steps that share a name and its values (`seed`) are listed as one.
 */
export function differingParameters(records: readonly RunRecord[]): DifferingParameter[] {
  const runs = records.map((record) =>
    new Map(parametersOf(record).map(({ name, values }) => [name, valuesText(values)]))
  );
  const names = [...new Set(runs.flatMap((run) => [...run.keys()]))];
  const differing = names.map((name) => ({ name, values: runs.map((run) => run.get(name)) }))
    .filter(({ values }) => new Set(values.filter((value) => value !== undefined)).size > 1);
  const isOfWorkflow = (name: string) => name.startsWith("params.");
  const followed = new Set(
    differing.filter(({ name }) => isOfWorkflow(name)).map(({ values }) => JSON.stringify(values)),
  );
  const alike = Map.groupBy(
    differing.filter(({ name, values }) =>
      isOfWorkflow(name) || !followed.has(JSON.stringify(values))
    ),
    ({ name, values }) => isOfWorkflow(name) ? name : JSON.stringify([bareName(name), values]),
  );
  return [...alike.values()].map((same) => ({
    name: same.length === 1 ? same[0].name : bareName(same[0].name),
    values: same[0].values,
  }));
}

/** `learning_rate` of `train.learning_rate`. */
export function bareName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
