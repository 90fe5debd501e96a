import { makeFolder } from "../../disk/folders.ts";
import { linkStatIfPresent } from "../../disk/read.ts";
import { writeNewFile } from "../../disk/write.ts";
import { basename, resolve } from "../../workflow/paths.ts";
import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { ExitCode, shortPath } from "../failure.ts";

export default {
  arguments: [{ name: "DIR", help: "Folder to make" }],
  options: {},
  details:
    "Writes a commented workflow that runs unchanged, and the schema that editors check it by.",
  async run(args, { out }) {
    const folder = resolve(args.positionals[0]);
    const { starterWorkflow } = await import("../../workflow/describe/starter.ts");
    const { schemaFor } = await import("../../workflow/describe/schema.ts");
    const { loadKinds } = await import("../../steps/mod.ts");
    const files: [name: string, text: string][] = [
      ["workflow.toml", starterWorkflow(basename(folder))],
      ["schema.json", `${JSON.stringify(schemaFor(await loadKinds()), null, 2)}\n`],
      [".gitignore", "/.gyrus/\n/results/\n"],
    ];
    makeFolder(folder);
    for (const [name] of files) {
      if (linkStatIfPresent(`${folder}/${name}`)) throw existsError(`${folder}/${name}`);
    }
    for (const [name, text] of files) {
      if (!await writeNewFile(`${folder}/${name}`, text)) throw existsError(`${folder}/${name}`);
      out.line(`wrote ${shortPath(`${folder}/${name}`)}`);
    }
    out.line(`\nnext: gyrus run ${shortPath(`${folder}/workflow.toml`)}`);
    return ExitCode.done;
  },
} satisfies Command;

function existsError(path: string): UsageError {
  return new UsageError(`${shortPath(path)} exists already`);
}
