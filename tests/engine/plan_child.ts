/** Plans a workflow that is all cached, in a process of its own. Arguments: cache folder, instances. */
import { plan } from "../../src/engine/plan/plan.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { wideWorkflow } from "./wide_workflow.ts";

const [cache, count] = [Deno.args[0], Number(Deno.args[1])];
const workflow = wideWorkflow(count);
const started = performance.now();
const { counts } = await plan(openStore(cache), workflow);
const seconds = (performance.now() - started) / 1000;
if (counts.cached !== count + 1) throw new Error("something was not cached");
const [, peak] = Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s+(\d+) kB/)!;
console.log(
  `${count} instances, all cached, planned once in a process of their own: ` +
    `${seconds.toFixed(1)} s, at most ${Math.round(Number(peak) / 1024)} MiB`,
);
