import type { Command } from "../../command.ts";
import { ExitCode } from "../../failure.ts";

export default {
  arguments: [],
  options: {},
  details:
    `An editor with a TOML language server completes and checks a workflow file whose first line is

    #:schema ./schema.json

where schema.json is what this command prints.`,
  async run(_given, { out }) {
    const { loadKinds } = await import("../../../steps/mod.ts");
    const { schemaFor } = await import("../../../workflow/describe/schema.ts");
    out.block(JSON.stringify(schemaFor(await loadKinds()), null, 2));
    return ExitCode.done;
  },
} satisfies Command;
