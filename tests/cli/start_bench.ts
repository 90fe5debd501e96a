/**
 * Whole processes that have little or nothing to do, next to an empty Deno program (aim for the rerun
 * of 30 instances: 5 times that), and Snakemake and DVC where they are in PATH (31 jobs or stages, all
 * done). They go by turns, so that other work of the machine falls on all. A plan of the tutorial with nothing cached aims
 * at 150 ms more than the empty program.
 *
 *     deno bench -A tests/cli/start_bench.ts
 */
import { launcher, program } from "./project.ts";

const TURNS = 8;

/** Five seeds of six steps. */
const THIRTY = `version = 1

[defaults]
with.seed = "\${matrix.seed}"

[steps.caps]
uses = "caps.generate"
matrix.seed = { range = 5 }
with = { kind = "phantom", n_subjects = 4, image_size = 16 }

[steps.slices]
uses = "extract.slices"
matrix = "caps"
in.caps = "caps.caps"

[steps.patches]
uses = "extract.patches"
matrix = "caps"
in.caps = "caps.caps"
with = { patch_size = 8, stride_size = 8 }

[steps.labels]
uses = "labels.get"
matrix = "caps"
in.caps = "caps.caps"

[steps.split]
uses = "split.holdout"
matrix = "caps"
in.labels = "labels"
with.n_test = 2

[steps.folds]
uses = "split.kfold"
matrix = "caps"
in.labels = "split.train"
with.n_splits = 2
`;

const SNAKEFILE = `
rule all:
    input: "all.txt"
rule a:
    output: "a/{i}.txt"
    shell: "echo {wildcards.i} > {output}"
rule b:
    input: "a/{i}.txt"
    output: "b/{i}.txt"
    shell: "cat {input} > {output}"
rule gather:
    input: expand("b/{i}.txt", i=range(15))
    output: "all.txt"
    shell: "cat b/*.txt > {output}"
`;

const DVC = `
stages:
  a:
    foreach: [${Array.from({ length: 30 }, (_, i) => i)}]
    do:
      cmd: echo \${item} > a-\${item}.txt
      outs: ["a-\${item}.txt"]
  gather:
    cmd: cat a-*.txt > gathered.txt
    deps: [${Array.from({ length: 30 }, (_, i) => `a-${i}.txt`)}]
    outs: [gathered.txt]
`;

const folder = Deno.makeTempDirSync({ prefix: "gyrus-start-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const FILES = {
  "empty.ts": "",
  "flow.toml": THIRTY,
  "Snakefile": SNAKEFILE,
  "dvc.yaml": DVC,
};
for (const [name, text] of Object.entries(FILES)) Deno.writeTextFileSync(`${folder}/${name}`, text);

type Command = readonly [program: string, ...args: string[]];

/** Milliseconds of one process; undefined where there is no such program. */
function time([command, ...args]: Command): number | undefined {
  const started = performance.now();
  try {
    const { code, stderr } = new Deno.Command(command, { args, cwd: folder, stdout: "null" })
      .outputSync();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return performance.now() - started;
}

const tutorial = new URL("../../workflows/tutorial.toml", import.meta.url).pathname;
const deno: Command = [Deno.execPath(), "run", "-A", program];
/** A step computed again, everything before it cached, and the run's report written. */
const again = (step: string): Command => [
  ...deno,
  "run",
  "flow.toml",
  `${step}[seed=0]`,
  "--force",
  `${step}[seed=0]`,
];
const COMMANDS: Readonly<Record<string, Command>> = {
  "an empty Deno program": [Deno.execPath(), "run", "empty.ts"],
  "deno run mod.ts --version": [...deno, "--version"],
  "gyrus --version": [launcher, "--version"],
  "30 instances cached, deno run mod.ts run": [...deno, "run", "flow.toml"],
  "30 instances cached, gyrus run": [launcher, "run", "flow.toml"],
  "gyrus plan": [launcher, "plan", "flow.toml"],
  "gyrus plan, the tutorial uncached": [
    launcher,
    "plan",
    tutorial,
    "--cache",
    `${folder}/uncached`,
  ],
  "gyrus check": [launcher, "check", "flow.toml"],
  "gyrus steps": [launcher, "steps"],
  "labels.get alone": again("labels"),
  "split.holdout alone": again("split"),
  "split.kfold alone": again("folds"),
  "snakemake, 31 jobs done": ["snakemake", "-q", "-c1"],
  "dvc repro, 31 stages done": ["dvc", "repro", "-q"],
};

time(["dvc", "init", "--no-scm", "-q"]);

const times = new Map<string, number[]>();
for (let turn = 0; turn <= TURNS; turn++) {
  for (const [name, command] of Object.entries(COMMANDS)) {
    const taken = time(command);
    // The first turn fills caches: Deno's of compiled code, ours, Snakemake's outputs.
    if (turn > 0 && taken !== undefined) times.set(name, [...times.get(name) ?? [], taken]);
  }
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const bare = median(times.get("an empty Deno program")!);
for (const [name, taken] of times) {
  const middle = median(taken);
  console.log(
    `${name.padEnd(42)} ${middle.toFixed(0).padStart(5)} ms  ${
      (middle / bare).toFixed(1)
    } times  ` +
      `${(middle - bare).toFixed(0).padStart(5)} ms more`,
  );
}
