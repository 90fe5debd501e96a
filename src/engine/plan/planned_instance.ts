/** One instance of a plan. */
import type { Instance } from "../../workflow/graph.ts";
import type { Digest, Estimate } from "../../workflow/step.ts";
import type { KeyParts } from "../store/key.ts";
import type { OutputRefs } from "./keying.ts";
import type { Reason } from "./reason.ts";

/** `may-run` depends on the results of others; `unwanted` is outside what was selected. */
export type PlanState = "cached" | "will-run" | "may-run" | "unwanted";

export interface PlannedInstance {
  instance: Instance;
  state: PlanState;
  /** Unknown while an input is. */
  key?: Digest;
  chain?: Digest;
  parts?: KeyParts;
  /** Path parameters by content, where an input is unknown and so are the other parts. */
  paths?: KeyParts["paths"];
  /** Of the record, when there is one. */
  outputs?: OutputRefs;
  /** Where that record was copied from, such as the address of a shared cache. */
  from?: string;
  /** Empty when cached. */
  reasons: readonly Reason[];
  /** Empty when cached. */
  estimate: Estimate;
  /** Position of the checkpoint that it will resume from. */
  resumesFrom?: number;
}

/** Whether it will or may run. */
export function isPending(planned: PlannedInstance): boolean {
  return planned.state === "will-run" || planned.state === "may-run";
}
