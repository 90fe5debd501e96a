/** Arguments and options of commands: their declarations, which `--help` prints, and the parser. */
import { didYouMean } from "../workflow/suggest.ts";

export interface OptionSpec {
  help: string;
  /** Name of its value, such as `FILE`; a switch when absent. */
  value?: string;
  /** May be written several times. */
  many?: boolean;
}

export interface ArgumentSpec {
  /** As shown, such as `FILE`. */
  name: string;
  help: string;
  optional?: boolean;
  /** Takes all remaining arguments; it is the last. */
  many?: boolean;
}

export interface Signature {
  /** An optional workflow file, recognised by its ending; it may be written between the arguments. */
  file?: ArgumentSpec;
  arguments: readonly ArgumentSpec[];
  options: Readonly<Record<string, OptionSpec>>;
}

/** A problem in how the program was called: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(message: string, readonly suggestion?: string) {
    super(message);
  }
}

/** Arguments and options of one call. */
export class Arguments {
  constructor(
    readonly positionals: readonly string[],
    readonly options: ReadonlyMap<string, readonly string[]>,
    /** The workflow file of a signature with `file`. */
    readonly file?: string,
  ) {}

  has(option: string): boolean {
    return this.options.has(option);
  }

  /** The option's last value. */
  value(option: string): string | undefined {
    return this.options.get(option)?.at(-1);
  }

  values(option: string): readonly string[] {
    return this.options.get(option) ?? [];
  }

  /** @throws {UsageError} unless the value is a whole number of at least `least` */
  count(option: string, least = 1): number | undefined {
    const text = this.value(option);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (Number.isInteger(number) && number >= least) return number;
    throw new UsageError(`--${option} must be a whole number of at least ${least}, not "${text}"`);
  }
}

/** @throws {UsageError} on unknown options and on missing or surplus arguments */
export function parseArguments(signature: Signature, args: readonly string[]): Arguments {
  const positionals: string[] = [];
  const options = new Map<string, string[]>();
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === "--") {
      positionals.push(...rest.splice(0));
    } else if (argument.startsWith("--")) {
      const equals = argument.indexOf("=");
      const name = argument.slice(2, equals < 0 ? undefined : equals);
      const attached = equals < 0 ? undefined : argument.slice(equals + 1);
      const value = optionValue(signature, name, attached, rest);
      const values = options.get(name) ?? [];
      if (values.length > 0 && !signature.options[name].many) {
        throw new UsageError(`--${name} is written twice`);
      }
      options.set(name, [...values, value]);
    } else if (argument.startsWith("-") && argument !== "-") {
      throw new UsageError(`unknown option ${argument}`);
    } else {
      positionals.push(argument);
    }
  }
  const file = signature.file && takeFile(positionals);
  checkCount(signature.arguments, positionals);
  return new Arguments(positionals, options, file);
}

function takeFile(positionals: string[]): string | undefined {
  const at = positionals.findIndex((argument) => argument.endsWith(".toml"));
  return at < 0 ? undefined : positionals.splice(at, 1)[0];
}

function optionValue(
  { options }: Signature,
  name: string,
  attached: string | undefined,
  rest: string[],
): string {
  const spec = Object.hasOwn(options, name) ? options[name] : undefined;
  if (spec === undefined) {
    const names = Object.keys(options).map((option) => `--${option}`);
    throw new UsageError(`unknown option --${name}`, didYouMean(`--${name}`, names));
  }
  if (spec.value === undefined) {
    if (attached !== undefined) throw new UsageError(`--${name} takes no value`);
    return "";
  }
  const value = attached ?? rest.shift();
  if (value === undefined) throw new UsageError(`--${name} needs a value: --${name} ${spec.value}`);
  return value;
}

function checkCount(specs: readonly ArgumentSpec[], positionals: readonly string[]): void {
  const missing = specs.slice(positionals.length).find((spec) => !spec.optional);
  if (missing) throw new UsageError(`${missing.name} is missing: ${missing.help}`);
  if (positionals.length > specs.length && !specs.at(-1)?.many) {
    throw new UsageError(`unexpected argument "${positionals[specs.length]}"`);
  }
}

/** The file that a command may have, then its arguments. */
export function argumentsOf({ file, arguments: specs }: Signature): ArgumentSpec[] {
  return file === undefined ? [...specs] : [file, ...specs];
}

/** `FILE [TARGET...]` */
export function argumentsText(specs: readonly ArgumentSpec[]): string {
  return specs.map(({ name, many, optional }) => {
    const text = many ? `${name}...` : name;
    return optional ? `[${text}]` : text;
  }).join(" ");
}
