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
    await Deno.mkdir(folder, { recursive: true });
    for await (const { name } of Deno.readDir(folder)) {
      if (files.some(([file]) => file === name)) {
        throw new UsageError(`${shortPath(`${folder}/${name}`)} exists already`);
      }
    }
    for (const [name, text] of files) {
      await Deno.writeTextFile(`${folder}/${name}`, text, { createNew: true });
      out.line(`wrote ${shortPath(`${folder}/${name}`)}`);
    }
    out.line(`\nnext: gyrus run ${shortPath(`${folder}/workflow.toml`)}`);
    return ExitCode.done;
  },
} satisfies Command;
