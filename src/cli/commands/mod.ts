/** The list of commands. A command's module loads only when it is called. */
import type { Command } from "../command.ts";

export interface CommandEntry {
  summary: string;
  load(): Promise<{ default: Command }>;
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: { summary: "Run what is not cached", load: () => import("./run.ts") },
  check: { summary: "Tell everything that is wrong with a file", load: () => import("./check.ts") },
  plan: { summary: "Tell what would run, and why", load: () => import("./plan.ts") },
  why: { summary: "Tell in full why an instance would run", load: () => import("./why.ts") },
  graph: { summary: "Draw the workflow", load: () => import("./graph.ts") },
  runs: { summary: "List past runs", load: () => import("./runs.ts") },
  show: {
    summary: "Print a run, an instance of it, or an output",
    load: () => import("./show.ts"),
  },
  report: {
    summary: "Write a run's report, to look at in a browser",
    load: () => import("./report.ts"),
  },
  view: { summary: "Show a run in the browser while it goes on", load: () => import("./view.ts") },
  diff: { summary: "Tell how two runs differ", load: () => import("./diff.ts") },
  verify: {
    summary: "Execute a run again and compare bytes",
    load: () => import("./verify.ts"),
  },
  export: {
    summary: "Write a run's provenance as an RO-Crate",
    load: () => import("./export.ts"),
  },
  cache: {
    summary: "Look after the cache: stats, ls, gc, verify, pin, rm",
    load: () => import("./cache.ts"),
  },
  steps: { summary: "List the step kinds, or describe one", load: () => import("./steps.ts") },
  schema: { summary: "Print the JSON schema of workflow files", load: () => import("./schema.ts") },
  networks: {
    summary: "List the networks, or describe one",
    load: () => import("./networks.ts"),
  },
  doctor: {
    summary: "Tell which device Gyrus computes on, and what it reaches",
    load: () => import("./doctor.ts"),
  },
  tune: {
    summary: "Measure kernel variants on this device and keep the fastest",
    load: () => import("./tune.ts"),
  },
  new: { summary: "Write a commented starter workflow", load: () => import("./new.ts") },
};
