/**
 * A training to be killed. Arguments: the workflow file, the cache folder. Prints what the
 * training does, line by line, and at the end the digests of its outputs.
 */
import { run } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { reading, running } from "../../../src/steps/engine_options.ts";
import { readWorkflow } from "../../../src/workflow/read.ts";

const [file, cache] = Deno.args;
const encoder = new TextEncoder();
const print = (text: string) => Deno.stdout.writeSync(encoder.encode(text + "\n"));

const result = await run(openStore(cache), await readWorkflow(file, reading), {
  ...running,
  onEvent(event) {
    if (event.type === "instance-progress") print(`progress ${event.message}`);
    if (event.type === "instance-log") print(`log ${event.message}`);
  },
});
for (const [name, node] of result.nodes) {
  for (const [port, { digest }] of Object.entries(node.outputs ?? {})) {
    print(`output ${name} ${port} ${digest}`);
  }
}
for (const error of result.errors) console.error(error);
print(`status ${result.status}`);
Deno.exit(result.status === "done" ? 0 : 1);
