import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { type CompletedCommand, completionScript, type Shell } from "../completions.ts";
import { ExitCode } from "../failure.ts";
import { COMMANDS } from "./mod.ts";

const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

export default {
  arguments: [{ name: "SHELL", help: SHELLS.join(", ") }],
  options: {},
  details: `Prints a script by which the shell completes commands, options and files:

    bash   gyrus completions bash > ~/.local/share/bash-completion/completions/gyrus
    zsh    gyrus completions zsh > a folder of $fpath, as _gyrus
    fish   gyrus completions fish > ~/.config/fish/completions/gyrus.fish`,
  async run(args, { out }) {
    const shell = SHELLS.find((name) => name === args.positionals[0]);
    if (shell === undefined) {
      throw new UsageError(
        `no completions for the shell "${args.positionals[0]}"`,
        `known: ${SHELLS.join(", ")}`,
      );
    }
    out.write(completionScript(shell, await describeCommands()));
    return ExitCode.done;
  },
} satisfies Command;

async function describeCommands(): Promise<CompletedCommand[]> {
  const { stepModules } = await import("../../steps/mod.ts");
  const words: Readonly<Record<string, readonly string[]>> = {
    steps: Object.keys(stepModules),
    completions: SHELLS,
  };
  return await Promise.all(
    Object.entries(COMMANDS).map(async ([name, { summary, load }]) => ({
      name,
      summary,
      options: Object.entries((await load()).default.options)
        .map(([option, { help, value }]) => ({ name: option, help, value })),
      words: words[name] ?? [],
    })),
  );
}
