/** Plans of a workflow whose jobs run on a cluster, by commands that submit nothing. */
import type { PlanOptions } from "../../engine/plan/plan.ts";
import type { Store } from "../../engine/store/store.ts";
import type { Workflow } from "../../workflow/graph.ts";
import { type Json, runPlace } from "../../workflow/step.ts";
import type { Output } from "../terminal.ts";

/** Options of the plan that replace those of this machine: the device is that of the profile's nodes. */
export async function clusterPlanning(
  store: Store,
  { profile, instances }: Workflow,
  err: Output,
): Promise<Pick<PlanOptions, "numericClass">> {
  if (!profile?.executor || !instances.some((each) => runPlace(each) === "device")) return {};
  const { readNodeAdapter } = await import("../../device/node_adapter.ts");
  const { numericClassOf } = await import("../../device/numeric_class.ts");
  const adapter = readNodeAdapter(store, profile.executor);
  if (adapter) return { numericClass: (policy) => numericClassOf(policy, store, adapter) };
  err.line(
    "the device of the cluster is not known before its first run: steps that need one are listed as if " +
      "none of them were cached",
  );
  const unknown: Json = { class: "not known yet" };
  return { numericClass: (policy) => policy === "any" ? {} : unknown };
}
