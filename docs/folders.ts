/**
 * The folders of the program, lowest first, and which other folders each imports. A folder imports
 * only from those above it in this list. `tests/architecture_test.ts` compares the list with the
 * import lines; `deno task docs` draws it in ARCHITECTURE.md.
 */
export interface Folder {
  /** Path from the repository's root. */
  path: string;
  job: string;
  imports: readonly string[];
}

/** Files and packages that every folder may import. */
export const EVERYWHERE = [
  "deno.json",
  "src/disk",
  "src/errors.ts",
  "src/json.ts",
  "src/random.ts",
  "src/std",
];

export const FOLDERS: readonly Folder[] = [
  {
    path: "src/threads",
    job: "a worker pool, calls between threads, errors on their way",
    imports: [],
  },
  {
    path: "src/workflow",
    job: "a TOML file to a located, checked, expanded graph; defineStep",
    imports: [],
  },
  { path: "src/gpu", job: "device, buffers, pipelines, the program of a step", imports: [] },
  { path: "src/formats", job: "safetensors, PyTorch checkpoints, TSV, event files", imports: [] },
  {
    path: "src/evaluation",
    job: "metrics, voting, bootstrap, calibration, paired tests",
    imports: [],
  },
  {
    path: "src/engine",
    job: "store, task, plan, run; publish, gc, diff, crate",
    imports: ["src/threads", "src/workflow"],
  },
  { path: "kernels", job: "WGSL kernels and their typed bindings", imports: ["src/gpu"] },
  {
    path: "src/tables",
    job: "identity, values, labels, split, k-fold, tests, leakage",
    imports: ["src/formats", "src/evaluation"],
  },
  {
    path: "src/imaging",
    job: "NIfTI, data sets, extraction, generated heads",
    imports: ["src/threads", "src/formats", "src/tables"],
  },
  { path: "src/maps", job: "the MAPS folder of ClinicaDL", imports: ["src/formats"] },
  {
    path: "src/nn",
    job: "layers, networks, training, inference",
    imports: ["src/gpu", "src/formats", "kernels"],
  },
  {
    path: "src/device",
    job: "opening a device, numeric class, tuning, doctor",
    imports: ["src/workflow", "src/gpu", "src/engine", "kernels"],
  },
  {
    path: "src/artifacts",
    job: "one file an artifact type: meta, file names, writer, reader",
    imports: ["src/workflow", "src/formats", "src/evaluation", "src/imaging", "src/tables"],
  },
  {
    path: "src/search",
    job: "samplers, pruners, what a search may read, its trials",
    imports: ["src/workflow", "src/formats", "src/evaluation", "src/engine", "src/artifacts"],
  },
  {
    path: "src/pages",
    job: "HTML documents under a policy; their server on 127.0.0.1",
    imports: [],
  },
  {
    path: "src/report",
    job: "the HTML report and the live view",
    imports: [
      "src/pages",
      "src/workflow",
      "src/formats",
      "src/evaluation",
      "src/engine",
      "src/imaging",
      "src/tables",
      "src/artifacts",
      "src/search",
    ],
  },
  {
    path: "src/demo",
    job: "a page that trains a network in a browser, by the program's own modules",
    imports: ["src/gpu", "src/imaging", "src/nn", "src/device", "src/pages", "src/report"],
  },
  {
    path: "src/steps",
    job: "one file a step kind; user/ loads and confines a user's own",
    imports: [
      "src/threads",
      "src/workflow",
      "src/gpu",
      "src/formats",
      "src/evaluation",
      "src/engine",
      "kernels",
      "src/imaging",
      "src/tables",
      "src/maps",
      "src/nn",
      "src/device",
      "src/artifacts",
      "src/search",
    ],
  },
  {
    path: "src/lsp",
    job: "a language server for editors of workflow files",
    imports: ["src/workflow", "src/steps"],
  },
  {
    path: "src/cli",
    job: "commands and progress display; the only place that prints",
    imports: [
      "src/workflow",
      "src/gpu",
      "src/formats",
      "src/evaluation",
      "src/engine",
      "src/nn",
      "src/device",
      "src/artifacts",
      "src/search",
      "src/report",
      "src/demo",
      "src/steps",
      "src/lsp",
    ],
  },
  {
    path: "mod.ts",
    job: "public API; run as a program it is the command line",
    imports: ["src/workflow", "src/engine", "src/steps", "src/cli"],
  },
];
