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
      const { steps, instances, searches = [] } = await openWorkflow(args);
      const counts = {
        steps: steps.length,
        instances: instances.length,
        ...(searches.length > 0 && { searches: searches.length }),
      };
      if (args.has("json")) print({ problems: [], ...counts });
      else {
        const found = searches.length > 0 ? `, ${searchCount(searches.length)}` : "";
        const text = `${countText(steps.length, "step")}, ${
          countText(instances.length, "instance")
        }`;
        out.line(`ok: ${text}${found}`);
      }
      return ExitCode.done;
    } catch (error) {
      if (!args.has("json") || !(error instanceof WorkflowError)) throw error;
      print({ problems: jsonProblems(error) });
      return ExitCode.invalid;
    }
  },
} satisfies Command;

function searchCount(count: number): string {
  return count === 1 ? "1 search" : `${count} searches`;
}
