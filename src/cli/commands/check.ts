import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { openWorkflow, WORKFLOW_OPTIONS } from "../open.ts";
import { countText } from "../quantity.ts";

const { cache: _, ...options } = WORKFLOW_OPTIONS;

export default {
  arguments: [{ name: "FILE", help: "Workflow file" }],
  options,
  details: "Reports all problems at once, each with its line and what to write instead.",
  async run(args, { out }) {
    const workflow = await openWorkflow(args);
    const steps = countText(workflow.steps.length, "step");
    out.line(`ok: ${steps}, ${countText(workflow.instances.length, "instance")}`);
    return ExitCode.done;
  },
} satisfies Command;
