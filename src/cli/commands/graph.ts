import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { openWorkflow, WORKFLOW_OPTIONS } from "../open.ts";

const { cache: _, ...options } = WORKFLOW_OPTIONS;

export default {
  arguments: [{ name: "FILE", help: "Workflow file" }],
  options: {
    ...options,
    format: { value: "FORMAT", help: "mermaid (default), dot or svg" },
  },
  details:
    "A box is a step, an arrow an input; a step with a matrix shows its number of instances.",
  async run(args, { out }) {
    const drawing = await import("../drawing.ts");
    const formats = {
      mermaid: drawing.mermaidText,
      dot: drawing.dotText,
      svg: drawing.svgText,
    };
    const name = args.value("format") ?? "mermaid";
    if (!Object.hasOwn(formats, name)) {
      throw new UsageError(`--format must be mermaid, dot or svg, not "${name}"`);
    }
    out.block(formats[name as keyof typeof formats](await openWorkflow(args)));
    return ExitCode.done;
  },
} satisfies Command;
