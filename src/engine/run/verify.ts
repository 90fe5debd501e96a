/** Executes recorded instances again, from their recorded inputs, and compares bytes. */
import type { Workflow } from "../../workflow/graph.ts";
import type { Digest } from "../../workflow/step.ts";
import { run, type RunOptions, type RunResult } from "./run.ts";
import type { Store } from "../store/store.ts";

export interface Mismatch {
  instance: string;
  output: string;
  recorded: Digest;
  produced: Digest;
}

export interface Verification {
  mismatches: readonly Mismatch[];
  run: RunResult;
}

/**
 * Records stay as they are; memoized parts and checkpoints are computed again and not kept.
 * Instances without a record are executed and recorded as in any run.
 */
export async function verify(
  store: Store,
  workflow: Workflow,
  options: RunOptions = {},
): Promise<Verification> {
  const mismatches: Mismatch[] = [];
  const result = await run(store, { ...workflow, publications: [] }, {
    ...options,
    force: workflow.steps.map((step) => step.name),
    fresh: true,
    onEvent(event) {
      if (event.type === "nondeterminism") {
        const { instance, output, recorded, produced } = event;
        mismatches.push({ instance, output, recorded, produced });
      }
      options.onEvent?.(event);
    },
  });
  return { mismatches, run: result };
}
