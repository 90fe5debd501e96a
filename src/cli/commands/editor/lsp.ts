import type { Command } from "../../command.ts";
import { ExitCode } from "../../failure.ts";

export default {
  arguments: [],
  options: {},
  details:
    `Speaks the Language Server Protocol on standard input and output: an editor starts it for workflow
files and shows problems, completions, descriptions and definitions. docs/how-to/editors.md shows how.`,
  async run() {
    const { serveEditor } = await import("../../../lsp/stdio.ts");
    return await serveEditor() ? ExitCode.done : ExitCode.failed;
  },
} satisfies Command;
