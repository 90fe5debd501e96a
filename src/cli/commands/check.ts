import { WorkflowError } from "../../errors.ts";
import type { Command } from "../command.ts";
import { ExitCode, jsonProblems } from "../failure.ts";
import { openWorkflow, WORKFLOW_OPTIONS } from "../open.ts";
import { countText } from "../quantity.ts";

const { cache: _, ...options } = WORKFLOW_OPTIONS;

export default {
  arguments: [{ name: "FILE", help: "Workflow file" }],
  options: {
    ...options,
    json: { help: "Print the problems, or the numbers of steps and instances, as JSON" },
  },
  details: "Reports all problems at once, each with its line and what to write instead.",
  async run(args, { out }) {
    const print = (result: object) => out.block(JSON.stringify(result, null, 2));
    try {
      const { steps, instances } = await openWorkflow(args);
      const counts = { steps: steps.length, instances: instances.length };
      if (args.has("json")) print({ problems: [], ...counts });
      else {
        const { steps, instances } = counts;
        out.line(`ok: ${countText(steps, "step")}, ${countText(instances, "instance")}`);
      }
      return ExitCode.done;
    } catch (error) {
      if (!args.has("json") || !(error instanceof WorkflowError)) throw error;
      print({ problems: jsonProblems(error) });
      return ExitCode.invalid;
    }
  },
} satisfies Command;
