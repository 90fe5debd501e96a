/** A workflow of many instances: half of them on their own, as many each reading one, one reading all. */
import type { Workflow } from "../../src/workflow/graph.ts";
import { type ToyInstance, toyWorkflow } from "./toy_workflow.ts";

/** Of `count` instances and the last one. */
export function wideWorkflow(count: number): Workflow {
  const spec: Record<string, ToyInstance> = {};
  const half = count >> 1;
  for (let i = 0; i < half; i++) {
    spec[`a[i=${i}]`] = { uses: "constant", axes: { i }, with: { text: `${i}` } };
    spec[`b[i=${i}]`] = { uses: "join", axes: { i }, in: { values: `a[i=${i}]` } };
  }
  const all = Array.from({ length: half }, (_, i) => `b[i=${i}]`);
  return toyWorkflow({ ...spec, all: { uses: "join", in: { values: all } } });
}
