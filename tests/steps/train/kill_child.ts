/**
 * A training to be killed. Arguments: the workflow file, the cache folder. Says on standard output
 * what the training does, as it does it, and in the end what came out.
 */
import { openStore, run } from "../../../src/engine/mod.ts";
import { reading, running } from "../../../src/steps/engine_options.ts";
import { readWorkflow } from "../../../src/workflow/read.ts";

const [file, cache] = Deno.args;
const encoder = new TextEncoder();
const say = (text: string) => Deno.stdout.writeSync(encoder.encode(text + "\n"));

const result = await run(openStore(cache), await readWorkflow(file, reading), {
  ...running,
  onEvent(event) {
    if (event.type === "instance-progress") say(`progress ${event.message}`);
    if (event.type === "instance-log") say(`log ${event.message}`);
  },
});
for (const [name, node] of result.nodes) {
  for (const [port, { digest }] of Object.entries(node.outputs ?? {})) {
    say(`output ${name} ${port} ${digest}`);
  }
}
for (const error of result.errors) console.error(error);
say(`status ${result.status}`);
Deno.exit(result.status === "done" ? 0 : 1);
