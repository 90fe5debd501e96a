/** The keys of `[profile.NAME]` that say which scheduler runs the jobs and what they ask of it. */
import type { ClusterExecutor, Place } from "../graph.ts";
import type { Problems } from "../problems.ts";
import { parseBytes, parseDuration } from "../quantities.ts";
import type { Json } from "../step.ts";
import { didYouMean } from "../suggest.ts";
import { findPlaceholders, splitWords, TEMPLATE_PLACEHOLDERS } from "./job_template.ts";
import type { Located } from "./document.ts";

export type ProfileEntries = ReadonlyMap<string, Located>;

const RESOURCE_KEYS = ["cpu", "memory", "max_memory", "time", "max_time"] as const;
const SLURM_KEYS = ["partition", "account", "gres", "array_limit", "options"] as const;
const COMMAND_KEYS = ["submit", "status", "cancel"] as const;

/** Keys that only a profile with an `executor` has. */
export const CLUSTER_KEYS: readonly string[] = [...RESOURCE_KEYS, ...SLURM_KEYS, ...COMMAND_KEYS];

const EXECUTORS = ["local", "slurm", "command"] as const;

/** Options of sbatch that Gyrus gives itself, with what to write instead. */
const OWN_OPTIONS: Readonly<Record<string, string>> = {
  "account": 'write account = "..."',
  "array": "Gyrus makes the arrays; array_limit bounds how many of their jobs run at once",
  "begin": "jobs begin when their inputs exist",
  "chdir": "jobs run in a folder of the cache",
  "comment": "it is Gyrus's",
  "cpus-per-task": "write resources.cpu of the step",
  "dependency": "Gyrus states what each array waits for",
  "error": "logs go to a folder of the cache",
  "export": "Gyrus states the environment of the jobs",
  "export-file": "Gyrus states the environment of the jobs",
  "get-user-env": "Gyrus states the environment of the jobs",
  "gres": 'write gres = "gpu:1"',
  "input": "jobs read no input",
  "job-name": "it is how Gyrus finds its jobs again",
  "kill-on-invalid-dep": "Gyrus gives it",
  "mem": 'write memory = "8GiB", or resources.memory of the step',
  "no-requeue": "Gyrus gives it",
  "open-mode": "Gyrus gives it",
  "output": "logs go to a folder of the cache",
  "parsable": "Gyrus gives it",
  "partition": 'write partition = "..."',
  "requeue": "Gyrus submits again what is missing",
  "signal": "Gyrus asks for the signal that makes steps save their state",
  "time": 'write time = "2h", or resources.time of the step',
  "wait": "Gyrus follows its jobs",
  "wrap": "Gyrus states what a job runs",
};

/** Undefined for a profile that runs everything here. */
export function readExecutor(
  profile: string,
  entries: ProfileEntries,
  problems: Problems,
): ClusterExecutor | undefined {
  const named = entries.get("executor");
  const kind = EXECUTORS.find((each) => each === named?.value);
  if (named !== undefined && kind === undefined) {
    const suggestion = didYouMean(String(named.value), EXECUTORS);
    problems.add('executor must be "local", "slurm" or "command"', named.place, suggestion);
    return undefined;
  }
  const reader = new KeyReader(entries, problems);
  reader.refuseStrangers(kind ?? "local");
  const resources = {
    ...reader.field("cpu", wholeNumber, COUNT),
    ...reader.field("memory", parseBytes, SIZE),
    ...reader.field("max_memory", parseBytes, SIZE),
    ...reader.field("time", parseDuration, DURATION),
    ...reader.field("max_time", parseDuration, DURATION),
  };
  reader.checkLimit(resources, "memory");
  reader.checkLimit(resources, "time");
  if (kind === "slurm") {
    return {
      kind,
      profile,
      ...resources,
      ...reader.field("partition", plainWord, WORD),
      ...reader.field("account", plainWord, WORD),
      ...reader.field("gres", plainWord, WORD),
      ...reader.field("array_limit", wholeNumber, COUNT),
      options: reader.options(),
    };
  }
  if (kind !== "command") return undefined;
  return {
    kind,
    profile,
    ...resources,
    submit: reader.template("submit", named?.place),
    status: reader.template("status", named?.place),
    cancel: reader.template("cancel", named?.place),
  };
}

const COUNT = "a whole number of at least 1";
const SIZE = 'a size such as "8GiB" or "500MB", or a number of bytes';
const DURATION = 'a duration such as "90s", "30m" or "2h", or a number of seconds';
const WORD = "a text in quotes, without spaces";

/** No value can pass for another option. */
function plainWord(value: Json): string | undefined {
  return typeof value === "string" && /^[\w.,:=@+*/()-]+$/.test(value) && !value.startsWith("-")
    ? value
    : undefined;
}

function wholeNumber(value: Json): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 1 ? Number(value) : undefined;
}

class KeyReader {
  constructor(readonly entries: ProfileEntries, readonly problems: Problems) {}

  /** Keys of another executor. */
  refuseStrangers(kind: typeof EXECUTORS[number]): void {
    const allowed: readonly string[] = kind === "slurm"
      ? [...RESOURCE_KEYS, ...SLURM_KEYS]
      : kind === "command"
      ? [...RESOURCE_KEYS, ...COMMAND_KEYS]
      : [];
    for (const [key, { place }] of this.entries) {
      if (!CLUSTER_KEYS.includes(key) || allowed.includes(key)) continue;
      const needed = COMMAND_KEYS.some((each) => each === key) ? "command" : "slurm";
      this.problems.add(
        `${key} needs executor = "${needed}"`,
        place && { ...place, part: "key" },
      );
    }
  }

  field<Key extends string, T>(
    key: Key,
    accept: (value: Json) => T | undefined,
    rule: string,
  ): { [K in Key]?: T } {
    const entry = this.entries.get(key);
    if (entry === undefined) return {};
    const value = accept(entry.value);
    if (value === undefined) this.problems.add(`${key} must be ${rule}`, entry.place);
    return { [key]: value } as { [K in Key]?: T };
  }

  checkLimit(
    found: { memory?: number; max_memory?: number; time?: number; max_time?: number },
    name: "memory" | "time",
  ): void {
    const [first, most] = [found[name], found[`max_${name}`]];
    if (first === undefined || most === undefined || first <= most) return;
    this.problems.add(`max_${name} is less than ${name}`, this.entries.get(`max_${name}`)?.place);
  }

  /** Further options of sbatch. */
  options(): readonly string[] {
    const entry = this.entries.get("options");
    if (entry === undefined) return [];
    const { value, place } = entry;
    if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
      this.problems.add('options must be a list of texts such as ["--qos=long"]', place);
      return [];
    }
    for (const option of value) {
      const [, name] = /^--([a-z][a-z0-9-]*)(=.*)?$/.exec(option) ?? [];
      if (name === undefined) {
        this.problems.add(
          `option ${JSON.stringify(option)} must have the form --name=value`,
          place,
        );
        continue;
      }
      // sbatch takes the start of a name for the name.
      const own = Object.keys(OWN_OPTIONS).find((each) => each === name) ??
        Object.keys(OWN_OPTIONS).find((each) => each.startsWith(name));
      if (own) this.problems.add(`option --${name} can't be given`, place, OWN_OPTIONS[own]);
    }
    return value;
  }

  template(key: typeof COMMAND_KEYS[number], executor: Place | undefined): readonly string[] {
    const entry = this.entries.get(key);
    if (entry === undefined) {
      this.problems.add(`executor = "command" needs ${key}, a command`, executor);
      return [];
    }
    const words = typeof entry.value === "string" ? splitWords(entry.value) : undefined;
    if (words === undefined || words.length === 0) {
      this.problems.add(`${key} must be a command in quotes, its own quotes closed`, entry.place);
      return [];
    }
    if (!/^[\w.+-]+$/.test(words[0])) {
      const suggestion = "it is found in PATH";
      this.problems.add(`${key} must begin with the name of a program`, entry.place, suggestion);
    }
    const known = TEMPLATE_PLACEHOLDERS[key];
    for (const name of findPlaceholders(words)) {
      if (known.includes(name)) continue;
      const list = known.map((each) => `{${each}}`).join(", ") || "none";
      this.problems.add(`${key} has no {${name}}; it has ${list}`, entry.place);
    }
    for (const name of key === "submit" ? ["script"] : key === "cancel" ? ["id"] : []) {
      if (!findPlaceholders(words).includes(name)) {
        this.problems.add(`${key} must contain {${name}}`, entry.place);
      }
    }
    return words;
  }
}
