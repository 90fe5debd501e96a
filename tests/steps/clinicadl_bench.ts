/**
 * The tutorial beside ClinicaDL 1.6.1: prepared slices, labels, split, k-fold, ResNet-18 as one
 * network and as one a slice position, predictions and metrics. Both work on the same CAPS of
 * phantoms (64 x 64 slices, 4 positions), the same folds, epochs and batch size, on the processor.
 *
 *     deno run -A tests/steps/clinicadl_bench.ts FOLDER [n_subjects n_test n_splits epochs]
 *
 * FOLDER must not exist. ClinicaDL is installed into a virtual environment in it from PyPI, with
 * PyTorch 2.1.2 (2 GB; Python 3.8 to 3.11); CLINICADL_BIN names the bin folder of one that is there.
 * Each stage is a command of its own on both sides, start of the program included; ours computes
 * kernels for the first time, unless the driver has cached them. `maps`, with tables and bootstrap
 * metrics, belongs to our prediction, as it does to ClinicaDL's. Its resnet18 overwrites ImageNet
 * weights that it downloads: a file of that name with random ones is laid ready.
 */
import { readTsv, writeTsv } from "../../src/formats/tsv.ts";

const [folder, ...sizes] = Deno.args;
if (folder === undefined) throw new Error("usage: clinicadl_bench.ts FOLDER [sizes]");
const [nSubjects, nTest, nSplits, epochs] = [24, 16, 4, 3].map((size, i) =>
  Number(sizes[i] ?? size)
);
const here = (path: string) => new URL(path, import.meta.url).pathname;
await Deno.mkdir(folder, { recursive: false });
const root = await Deno.realPath(folder);

/** Runs a program in the folder; its output goes to a log. Returns seconds. */
async function run(program: string, args: readonly (string | number)[]): Promise<number> {
  const began = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: args.map(String),
    cwd: root,
    env: { TORCH_HOME: `${root}/torch` },
  }).output();
  const seconds = (performance.now() - began) / 1000;
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const line = `$ ${program} ${args.join(" ")}\n${text}\n`;
  await Deno.writeTextFile(`${root}/log.txt`, line, { append: true });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${text.slice(-2000)}`);
  return seconds;
}

async function install(): Promise<string> {
  await run("python3", ["-m", "venv", "venv"]);
  const pip = `${root}/venv/bin/pip`;
  await run(pip, ["install", "torch==2.1.2", "torchvision==0.16.2", "numpy<2", "scipy==1.11.4"]);
  await run(pip, ["install", "clinicadl==1.6.1"]);
  return `${root}/venv/bin`;
}

const bin = Deno.env.get("CLINICADL_BIN") ?? await install();

const gyrus = (file: string, ...args: string[]) =>
  run(Deno.execPath(), ["run", "-A", here("../../mod.ts"), "run", file, ...args]);

const clinicadl = (...args: (string | number)[]) => run(`${bin}/clinicadl`, args);

/** The CAPS, and of ClinicaDL's prerequisites what Clinica would have written. */
async function prepare(): Promise<void> {
  await Deno.writeTextFile(
    `${root}/phantoms.toml`,
    `version = 1
name = "phantoms"
[steps.caps]
uses = "caps.generate"
with = { kind = "phantom", n_subjects = ${nSubjects}, image_size = 64, seed = 1 }
[publish]
"caps" = "caps.caps"
`,
  );
  await gyrus("phantoms.toml");
  await Deno.copyFile(here("clinicadl_bench.toml"), `${root}/workflow.toml`);
  const people = readTsv(await Deno.readTextFile(`${root}/caps/participants.tsv`), "participants");
  const ids = people.rows.map((row) => row[people.columns.indexOf("participant_id")]);
  for (const name of ["bids", "labels/missing_mods", "torch/hub/checkpoints"]) {
    await Deno.mkdir(`${root}/${name}`, { recursive: true });
  }
  await Deno.copyFile(`${root}/caps/participants.tsv`, `${root}/labels/merged.tsv`);
  await Deno.writeTextFile(
    `${root}/labels/missing_mods/missing_mods_ses-M000.tsv`,
    writeTsv(["participant_id", "t1w"], ids.map((id) => [id, 1])),
  );
  await run(`${bin}/python`, [
    "-c",
    "import torch, torchvision; torch.save(torchvision.models.resnet18().state_dict(), " +
    "'torch/hub/checkpoints/resnet18-5c106cde.pth')",
  ]);
}

const sizesOfOurs = ["n_test", "n_splits", "epochs"].flatMap((name, i) => [
  "--set",
  `params.${name}=${[nTest, nSplits, epochs][i]}`,
]);
const ours = (target: string) => () => gyrus("workflow.toml", target, ...sizesOfOurs);
const train = (maps: string, ...options: string[]) => () =>
  clinicadl(
    ...["train", "classification", "caps", "slices.json", "labels/split/folds", maps],
    ...["--architecture", "resnet18", "--n_splits", nSplits, "--epochs", epochs],
    ...["--batch_size", 8, "--no-gpu", ...options],
  );
const predict = (maps: string) => () =>
  clinicadl(
    ...["predict", maps, "test", "--caps_directory", "caps", "--no-gpu", "--batch_size", 8],
    ...["--participants_tsv", "labels/split/test_baseline.tsv"],
  );

async function theirFolds(): Promise<number> {
  const seconds = await clinicadl(
    "tsvtools",
    "kfold",
    "labels/split/train.tsv",
    "--n_splits",
    nSplits,
  );
  await Deno.rename(`${root}/labels/split/${nSplits}_fold`, `${root}/labels/split/folds`);
  return seconds;
}

/** Name, ClinicaDL's command, ours. */
const stages: [string, () => Promise<number>, () => Promise<number>][] = [
  [
    "prepare-data",
    () =>
      clinicadl(
        ...["prepare-data", "slice", "caps", "t1-linear", "--extract_json", "slices"],
        ...["--slice_direction", 2, "--slice_mode", "rgb", "--discarded_slices", 30],
      ),
    ours("slices"),
  ],
  ["get-labels", () => clinicadl("tsvtools", "get-labels", "bids", "labels"), ours("labels")],
  [
    "split",
    () =>
      clinicadl(
        ...["tsvtools", "split", "labels/labels.tsv", "--n_test", nTest, "--subset_name", "test"],
        ...["-ps", 0.3, "-pa", 0.3],
      ),
    ours("split"),
  ],
  ["kfold", theirFolds, ours("folds")],
  ["train, one network", train("maps-single"), ours("train_single")],
  ["train, one a slice", train("maps-multi", "--multi_network"), ours("train_multi")],
  ["predict, one network", predict("maps-single"), ours("maps_single")],
  ["predict, one a slice", predict("maps-multi"), ours("maps_multi")],
];

await prepare();
console.log(`load ${Deno.loadavg()[0].toFixed(1)} on ${navigator.hardwareConcurrency} processors`);
console.log("| stage | ClinicaDL s | Gyrus s | times as fast |\n|---|---|---|---|");
const row = (name: string, theirs: number, mine: number) =>
  console.log(
    `| ${name} | ${theirs.toFixed(1)} | ${mine.toFixed(1)} | ${(theirs / mine).toFixed(1)} |`,
  );
let [theirTotal, ourTotal] = [0, 0];
// Our workflow names ClinicaDL's folds, so that they must be there first.
for (const group of [stages.slice(0, 4), ...stages.slice(4).map((stage) => [stage])]) {
  const before: number[] = [];
  for (const [, theirs] of group) before.push(await theirs());
  for (const [i, [name, , mine]] of group.entries()) {
    const after = await mine();
    row(name, before[i], after);
    theirTotal += before[i];
    ourTotal += after;
  }
}
row("total", theirTotal, ourTotal);
console.log(`again, all cached: ${(await gyrus("workflow.toml", ...sizesOfOurs)).toFixed(1)} s`);
console.log(`load ${Deno.loadavg()[0].toFixed(1)}`);
