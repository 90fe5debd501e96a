/**
 * Runs a workflow on a disk that refuses some calls, and again on one that does not, in one process
 * that `refusing_disk.c` is preloaded into. Arguments: the library and the refusals, as JSON. Prints a
 * line of JSON for each: the refusal first, then its {@link Outcome}.
 */
import { main } from "../../src/cli/main.ts";
import { verifyCache } from "../../src/engine/store/cache.ts";
import { openStore } from "../../src/engine/store/store.ts";

export interface Refusal {
  /** Name of calls in `refusing_disk.c`. */
  call: string;
  /** Number of the error. */
  error: number;
  /** First and last call that is refused, from 1. */
  first: number;
  last: number;
}

export interface Outcome {
  /** Calls of that name in all. */
  calls: number;
  /** Of the refused run and of the one after it. */
  codes: [number, number];
  /** Errors that the refused run printed, and messages of its failures. */
  problems: string;
  /** Instances that the refused run had done and the next one did again. */
  lost: string[];
  /** Differences of the published files from those of a run without refusals, and corrupt objects. */
  wrong: string[];
}

const WORKFLOW = `version = 1
[steps.labels]
uses = "tables.open"
with = { path = "labels.tsv", content = "labels" }
[steps.holdout]
uses = "split.holdout"
in.labels = "labels"
with.n_test = 4
[steps.folds]
uses = "split.kfold"
in.labels = "holdout.train"
with.n_splits = 2
[publish]
"folds" = "folds.folds"
"report.html" = "report"
`;

const LABELS = "participant_id\tsession_id\tdiagnosis\tsex\tage\n" +
  Array.from(
    { length: 24 },
    (_, i) => `sub-${i}\tses-M000\t${i % 2 ? "AD" : "CN"}\t${i % 4 < 2 ? "F" : "M"}\t${60 + i}\n`,
  ).join("");

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const cText = (text: string) => encoder.encode(`${text}\0`);

const [library, refusals] = Deno.args;
const { symbols } = Deno.dlopen(library, {
  refuse: { parameters: ["buffer", "buffer", "i32", "i32", "i32"], result: "void" },
  calls: { parameters: [], result: "i32" },
});

const printed = { out: "", err: "" };
const write = Deno.stdout.writeSync.bind(Deno.stdout);
const print = (value: unknown) => write(encoder.encode(`${JSON.stringify(value)}\n`));
Deno.stdout.writeSync = (bytes) => (printed.out += decoder.decode(bytes), bytes.length);
Deno.stderr.writeSync = (bytes) => (printed.err += decoder.decode(bytes), bytes.length);

async function runOnce(folder: string) {
  printed.out = printed.err = "";
  const code = await main(["run", `${folder}/flow.toml`, "--json"]);
  const events = printed.out.split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  const failures = events.filter(({ type }) => type.endsWith("-failed"));
  const named = (type: string) =>
    events.filter((event) => event.type === type).map(({ instance }) => instance as string);
  return {
    code,
    problems: printed.err + failures.map(({ message }) => `${message}\n`).join(""),
    done: named("instance-finished"),
    cached: named("instance-cached"),
  };
}

function publishedIn(folder: string, path = ""): Map<string, string> {
  const files = new Map<string, string>();
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${path}`)) {
    const below = `${path}${name}`;
    if (name === ".gyrus" || name === "report.html") continue;
    if (!isDirectory) files.set(below, Deno.readTextFileSync(`${folder}/${below}`));
    else for (const [file, text] of publishedIn(folder, `${below}/`)) files.set(file, text);
  }
  return files;
}

async function outcomeOf({ call, error, first, last }: Refusal, expected: Map<string, string>) {
  const folder = await Deno.makeTempDir({ prefix: "gyrus-disk-" });
  try {
    await Deno.writeTextFile(`${folder}/flow.toml`, WORKFLOW);
    await Deno.writeTextFile(`${folder}/labels.tsv`, LABELS);
    symbols.refuse(cText(`${folder}/`), cText(call), error, first, last);
    const refused = await runOnce(folder);
    const calls = symbols.calls();
    symbols.refuse(cText(`${folder}/`), cText("nothing"), 0, 0, 0);
    const { code, cached } = await runOnce(folder);
    const published = publishedIn(folder);
    const { corrupt } = await verifyCache(openStore(`${folder}/.gyrus`));
    const names = new Set([...expected.keys(), ...published.keys()]);
    const outcome: Outcome = {
      calls,
      codes: [refused.code, code],
      problems: refused.problems,
      lost: refused.done.filter((name) => !cached.includes(name)),
      wrong: [...names].filter((name) => expected.get(name) !== published.get(name))
        .concat(corrupt),
    };
    return { outcome, published };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const nothing: Refusal = { call: "nothing", error: 0, first: 0, last: 0 };
const { published } = await outcomeOf(nothing, new Map());
for (const refusal of JSON.parse(refusals) as Refusal[]) {
  print(refusal);
  print((await outcomeOf(refusal, published)).outcome);
}
Deno.exit(0);
