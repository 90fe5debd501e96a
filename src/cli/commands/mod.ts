/** The list of commands. A command's module loads only when it is called. */
import type { Command } from "../command.ts";

export interface CommandEntry {
  summary: string;
  load(): Promise<{ default: Command }>;
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: { summary: "Run what is not cached", load: () => import("./run.ts") },
  search: {
    summary: "Search for the best values of parameters",
    load: () => import("./search.ts"),
  },
  cancel: {
    summary: "End the jobs that a run has submitted to a cluster",
    load: () => import("./cluster/cancel.ts"),
  },
  unpublish: {
    summary: "Remove published files that nobody has edited",
    load: () => import("./unpublish.ts"),
  },
  check: { summary: "Report every problem of a file", load: () => import("./check.ts") },
  plan: { summary: "List what would run, and why", load: () => import("./plan.ts") },
  why: { summary: "Explain why an instance would run", load: () => import("./why.ts") },
  graph: { summary: "Draw the workflow", load: () => import("./graph.ts") },
  runs: { summary: "List past runs", load: () => import("./runs.ts") },
  show: {
    summary: "Print a run, an instance, an output, or what made a published file",
    load: () => import("./show.ts"),
  },
  report: {
    summary: "Write a run's report, an HTML page",
    load: () => import("./report.ts"),
  },
  view: { summary: "Show runs in the browser while they run", load: () => import("./view.ts") },
  diff: { summary: "List the differences between two runs", load: () => import("./diff.ts") },
  compare: {
    summary: "Compare metrics of runs, with paired tests on the same participants",
    load: () => import("./compare.ts"),
  },
  verify: {
    summary: "Execute a run again and compare bytes",
    load: () => import("./verify.ts"),
  },
  export: {
    summary: "Write a run's provenance as an RO-Crate",
    load: () => import("./export.ts"),
  },
  bundle: {
    summary: "Write a run, its workflow and its results into one file",
    load: () => import("./share/bundle.ts"),
  },
  open: {
    summary: "Open a bundle: a folder to see its run in and to continue from",
    load: () => import("./share/open.ts"),
  },
  cache: {
    summary: "Manage the cache: stats, ls, gc, verify, pin, unpin, rm, push, pull",
    load: () => import("./cache.ts"),
  },
  steps: { summary: "List the step kinds, or describe a kind", load: () => import("./steps.ts") },
  schema: {
    summary: "Print the JSON schema of workflow files",
    load: () => import("./editor/schema.ts"),
  },
  lsp: {
    summary: "Serve an editor: checks, completion, hover",
    load: () => import("./editor/lsp.ts"),
  },
  networks: {
    summary: "List the networks, or describe a network",
    load: () => import("./networks.ts"),
  },
  doctor: {
    summary: "Print the device, its limits and its throughput",
    load: () => import("./doctor.ts"),
  },
  tune: {
    summary: "Measure kernel variants on this device and use the fastest",
    load: () => import("./tune.ts"),
  },
  exec: {
    summary: "Compute an instance of a frozen plan, as the jobs of a cluster do",
    load: () => import("./cluster/exec.ts"),
  },
  new: { summary: "Write a commented starter workflow", load: () => import("./new.ts") },
  completions: {
    summary: "Print a shell's completions",
    load: () => import("./completions.ts"),
  },
  test: { summary: "Run the tests of a checkout", load: () => import("./tests.ts") },
};
