import { basename, resolve } from "../../../workflow/paths.ts";
import type { Command } from "../../command.ts";
import { ExitCode, shortPath } from "../../failure.ts";
import { commandLine } from "../../hint.ts";
import { countText } from "../../quantity.ts";

export default {
  arguments: [
    { name: "ARCHIVE", help: "A bundle, as gyrus bundle writes it" },
    {
      name: "DIR",
      help: "New folder; default: the archive's name without .zip, here",
      optional: true,
    },
  ],
  options: {},
  details:
    `Every object is checked against its digest. No check can prove the results themselves: open bundles
of people that you trust.`,
  async run(args, { out }) {
    const [archive, named] = args.positionals;
    const name = basename(archive);
    const folder = resolve(named ?? name.replace(/\.zip$/, ""));
    const { openBundle } = await import("../../../engine/share/open_bundle.ts");
    const { run, workflow, records, objects } = await openBundle(resolve(archive), folder, name);
    out.line(
      `opened ${shortPath(folder)}: run ${run.id} with ${countText(records, "record")} and ` +
        `${countText(objects, "object")}`,
    );
    const file = shortPath(workflow);
    // A cache that the environment names comes before the folder's own.
    const cache = Deno.env.get("GYRUS_CACHE") ? ["--cache", shortPath(`${folder}/.gyrus`)] : [];
    out.line(`see it: ${commandLine("show", file, ...cache)}`);
    out.line(`continue: ${commandLine("run", file, ...cache)}`);
    return ExitCode.done;
  },
} satisfies Command;
