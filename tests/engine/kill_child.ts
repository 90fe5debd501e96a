/**
 * A run to be killed: many small steps, some of them on threads, one with checkpoints.
 *
 * Arguments: the cache folder. Prints what is published, as it happens.
 */
import { run } from "../../src/engine/run/run.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { killWorkflow } from "./kill_workflow.ts";

const [cache] = Deno.args;
const encoder = new TextEncoder();
const print = (text: string) => Deno.stdout.writeSync(encoder.encode(text + "\n"));

const result = await run(openStore(cache), killWorkflow(), {
  jobs: 4,
  stepModule: new URL("./toy_steps.ts", import.meta.url).href,
  onEvent(event) {
    if (event.type === "instance-started") print(`started ${event.instance} ${event.key}`);
    if (event.type === "instance-finished") print(`finished ${event.instance} ${event.key}`);
  },
});
for (const [name, node] of result.nodes) print(`output ${name} ${node.outputs?.value?.digest}`);
print(`status ${result.status}`);
Deno.exit(result.status === "done" ? 0 : 1);
