/** What {@link ./kill_child.ts} runs. */
import type { Workflow } from "../../src/workflow/graph.ts";
import { type ToyInstance, toyWorkflow } from "./toy_workflow.ts";

const WIDTH = 40;

export function killWorkflow(): Workflow {
  const spec: Record<string, ToyInstance> = {};
  const at = (step: string, i: number) => `${step}[i=${i}]`;
  for (let i = 0; i < WIDTH; i++) {
    spec[at("text", i)] = { uses: "constant", axes: { i }, with: { text: `text ${i}` } };
    spec[at("pair", i)] = {
      uses: "join",
      axes: { i },
      in: { values: [at("text", i), at("text", i >> 1)] },
    };
  }
  for (let i = 0; i < 4; i++) {
    spec[at("slow", i)] = {
      uses: "slow",
      axes: { i },
      with: { milliseconds: 20, salt: i },
      in: { values: [at("pair", i)] },
    };
  }
  spec.trained = { uses: "train", with: { epochs: 12 } };
  spec.words = { uses: "memoized", with: { words: ["a", "b", "c", "d"] } };
  spec.all = {
    uses: "join",
    in: {
      values: [
        "trained",
        ...Array.from({ length: 4 }, (_, i) => at("slow", i)),
        ...Array.from({ length: WIDTH }, (_, i) => at("pair", i)),
      ],
    },
  };
  return toyWorkflow(spec);
}
