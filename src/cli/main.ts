/** The command line: finds the command, parses its arguments, runs it, reports what fails. */
import {
  type Arguments,
  argumentsOf,
  argumentsText,
  parseArguments,
  UsageError,
} from "./arguments.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands/mod.ts";
import { ExitCode, reportFailure } from "./failure.ts";
import { commandLine } from "./hint.ts";
import { standardTerminal, type Terminal } from "./terminal.ts";

/** @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const terminal = standardTerminal();
  try {
    const code = await dispatch(args, terminal);
    const lost = terminal.out.problem;
    return lost && code === ExitCode.done ? await reportFailure(lost, terminal.err) : code;
  } catch (error) {
    return await reportFailure(error, terminal.err);
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    if (first === "help" && rest.length > 0) return await dispatch([rest[0], "--help"], terminal);
    terminal.out.write(overview());
    return first === undefined ? ExitCode.invalid : ExitCode.done;
  }
  if (["--version", "-v", "version"].includes(first)) {
    const { default: config } = await import("../../deno.json", { with: { type: "json" } });
    terminal.out.line(`gyrus ${config.version} (Deno ${Deno.version.deno})`);
    return ExitCode.done;
  }
  if (first.endsWith(".toml")) return await dispatch(["run", ...args], terminal);
  if (!Object.hasOwn(COMMANDS, first)) {
    const { didYouMean } = await import("../workflow/suggest.ts");
    const suggestion = didYouMean(first, Object.keys(COMMANDS)) ??
      `${commandLine("--help")} lists them`;
    throw new UsageError(`unknown command "${first}"`, suggestion);
  }
  const { default: command } = await COMMANDS[first].load();
  if (rest.includes("--help") || rest.includes("-h")) {
    terminal.out.write(help(first, command));
    return ExitCode.done;
  }
  return await command.run(parsed(first, command, rest), terminal);
}

function parsed(name: string, command: Command, args: readonly string[]): Arguments {
  try {
    return parseArguments(command, args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message, error.suggestion ?? `see ${commandLine(name, "--help")}`);
  }
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) =>
    `  ${name.padEnd(width)}  ${summary}`
  );
  return `usage: gyrus COMMAND [ARGUMENTS]
       gyrus FILE.toml           the same as gyrus run FILE.toml
       gyrus COMMAND --help      arguments and options of a command

${lines.join("\n")}

exit codes: 0 done or nothing to do, 1 a step failed, plan found that one would, or
a result was not published, 2 usage or invalid file, 3 plan --check found work,
4 a verification found a difference, 130 interrupted
`;
}

function help(name: string, command: Command): string {
  const options = Object.entries(command.options);
  const usage = ["usage: gyrus", name, argumentsText(argumentsOf(command))];
  if (options.length > 0) usage.push("[OPTIONS]");
  const rows = [
    ...argumentsOf(command).map((spec) => [argumentsText([spec]), spec.help]),
    ...options.map(([option, { value, help }]) => [
      value === undefined ? `--${option}` : `--${option} ${value}`,
      help,
    ]),
  ];
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  const parts = [
    usage.filter((part) => part !== "").join(" "),
    `${COMMANDS[name].summary}.`,
    ...(command.details ? [command.details.trim()] : []),
    rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
