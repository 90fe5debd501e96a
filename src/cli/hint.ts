/** Commands that Gyrus prints for people to type. */
import type { RunRequest } from "../engine/run/run_folder.ts";
import { shellWord } from "../workflow/shell_word.ts";
import type { Arguments } from "./arguments.ts";

/** How the program was called. The launcher states it, and lets the program read it. */
function programName(): string {
  const variable = "GYRUS_COMMAND";
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" && Deno.env.get(variable) || "gyrus";
}

/** A command as it can be typed in the current folder. */
export function commandLine(...words: readonly string[]): string {
  return [programName(), ...words].map(shellWord).join(" ");
}

/** An advice of a lower layer, where a command is written as `gyrus` at its start or after "`". */
export function asTyped(advice: string): string {
  return advice.replaceAll(/(^|`)gyrus (?=[a-z])/g, (_, before) => `${before}${commandLine()} `);
}

/** The command that runs one instance again, with the options of its run. */
export function rerunCommand(
  file: string,
  instance: string,
  { set = [], sweep = [], includeFrom = [], profile }: RunRequest,
  cache: string | undefined,
): string {
  return commandLine(
    "run",
    file,
    instance,
    ...set.flatMap((value) => ["--set", value]),
    ...sweep.flatMap((value) => ["--sweep", value]),
    ...includeFrom.flatMap((folder) => ["--include-from", folder]),
    ...profile === undefined ? [] : ["--profile", profile],
    ...cache === undefined ? [] : ["--cache", cache],
  );
}

/** The options of a call that decide which cache it uses. */
export function cacheWords(args: Arguments): string[] {
  return optionWords(args, ["profile", "cache"]);
}

/** Those of some options that a call was given, as words of another. */
export function optionWords(args: Arguments, names: readonly string[]): string[] {
  return names.flatMap((name) => args.values(name).flatMap((value) => [`--${name}`, value]));
}
