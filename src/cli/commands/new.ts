import { makeFolder } from "../../disk/folders.ts";
import { linkStatIfPresent, statIfPresent } from "../../disk/read.ts";
import { writeNewFile } from "../../disk/write.ts";
import type { StarterData } from "../../workflow/describe/starter.ts";
import { basename, relative, resolve } from "../../workflow/paths.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { editorConfig } from "../editor_config.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { commandLine } from "../hint.ts";

const GYRUS = new URL("../../../", import.meta.url);

export default {
  arguments: [{ name: "DIR", help: "Folder to make" }],
  options: {
    caps: { value: "FOLDER", help: "Start from a CAPS folder, as Clinica's t1-linear wrote it" },
    bids: { value: "FOLDER", help: "Start from a BIDS folder with T1-weighted images" },
  },
  details:
    `Writes a commented workflow that runs unchanged on a generated data set, or starts from your images,
the schema that editors check it by, and a file by which they understand a step of your own.`,
  async run(args, { out }) {
    const folder = resolve(args.positionals[0]);
    const data = starterData(args, folder);
    const { starterWorkflow } = await import("../../workflow/describe/starter.ts");
    const { schemaFor } = await import("../../workflow/describe/schema.ts");
    const { loadKinds } = await import("../../steps/mod.ts");
    const files: [name: string, text: string][] = [
      ["workflow.toml", starterWorkflow(basename(folder), data)],
      ["schema.json", `${JSON.stringify(schemaFor(await loadKinds()), null, 2)}\n`],
      ["deno.jsonc", editorConfig(GYRUS)],
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
    out.block(`\nnext: ${commandLine("run", shortPath(`${folder}/workflow.toml`))}`);
    return ExitCode.done;
  },
} satisfies Command;

/** @throws {UsageError} when the folder of images is none, or both options are given */
function starterData(args: Arguments, folder: string): StarterData {
  const { caps, bids } = { caps: args.value("caps"), bids: args.value("bids") };
  if (caps !== undefined && bids !== undefined) {
    throw new UsageError("--caps and --bids exclude each other");
  }
  const kind = caps === undefined ? "bids" : "caps";
  const images = caps ?? bids;
  if (images === undefined) return { kind: "generated" };
  if (!statIfPresent(resolve(images))?.isDirectory) {
    throw new UsageError(`--${kind} ${images} is not a folder`);
  }
  return { kind, folder: relative(folder, resolve(images)) };
}

function existsError(path: string): UsageError {
  return new UsageError(`${shortPath(path)} exists already`);
}
