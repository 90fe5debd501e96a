/** Runs workflow files of Gyrus's own steps through the reader and the engine, in a folder of their own. */
import { openArtifact } from "../../src/engine/store/artifact.ts";
import type { EngineEvent } from "../../src/engine/plan/events.ts";
import type { Executor, Job } from "../../src/engine/task/executors/executor.ts";
import { run, type RunOptions, type RunResult } from "../../src/engine/run/run.ts";
import { openStore, type Store } from "../../src/engine/store/store.ts";
import { execute, type TaskResult } from "../../src/engine/task/task.ts";
import { reading, running } from "../../src/steps/engine_options.ts";
import { createServices } from "../../src/steps/step_module.ts";
import { readWorkflow } from "../../src/workflow/read.ts";
import type { Artifact } from "../../src/workflow/step.ts";

/** A project folder that is removed at the end: `await using project = …`. */
export class Project {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Project> {
    return new Project(await Deno.makeTempDir({ prefix: "gyrus-test-" }));
  }

  /** Writes a file below the folder. */
  async write(path: string, text: string): Promise<void> {
    const file = `${this.folder}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, text);
  }

  read(path: string): Promise<string> {
    return Deno.readTextFile(`${this.folder}/${path}`);
  }

  /**
   * Runs a workflow's text. A failure of a step is thrown.
   *
   * @param place default: this thread, whose device keeps its kernels from run to run
   */
  async run(
    toml: string,
    set: readonly string[] = [],
    until: string[] = [],
    watch: Watch = () => {},
    place: Place = here,
  ): Promise<Outcome> {
    await this.write("workflow.toml", `version = 1\nname = "test"\n${toml}`);
    return await this.runFile(`${this.folder}/workflow.toml`, set, until, watch, place);
  }

  /**
   * Runs a workflow's text until `when` holds for an event; what runs then is asked to stop, and
   * hears of it before it does anything more.
   */
  async interrupt(
    toml: string,
    set: readonly string[],
    when: (event: EngineEvent) => boolean,
  ): Promise<void> {
    const watch: Watch = (event, interrupt) => {
      if (when(event)) interrupt.abort(new Error("interrupted"));
    };
    const { result } = await this.run(toml, set, [], watch);
    if (result.status !== "interrupted") throw new Error(`The run ended: ${result.status}`);
  }

  /** Runs a file; the cache is the project's. */
  async runFile(
    path: string,
    set: readonly string[] = [],
    until: string[] = [],
    watch: Watch = () => {},
    place: Place = inThreads,
  ): Promise<Outcome> {
    const interrupt = new AbortController();
    const workflow = await readWorkflow(path, { ...reading, set: [...set] });
    const store = openStore(`${this.folder}/.gyrus`);
    const warnings: string[] = [];
    const logs: string[] = [];
    const result = await run(store, workflow, {
      ...running,
      ...place(store),
      until,
      signal: interrupt.signal,
      onEvent: (event) => {
        watch(event, interrupt);
        if (event.type === "instance-log") {
          (event.level === "warning" ? warnings : logs).push(event.message);
        }
      },
    });
    if (result.errors.length > 0) throw result.errors[0];
    return { result, warnings, logs };
  }

  /** An output of an instance of a run. */
  artifact({ result }: Outcome, instance: string, output: string): Artifact {
    const outputs = result.nodes.get(instance)?.outputs;
    if (!outputs) throw new Error(`${instance} has no outputs`);
    return openArtifact(openStore(`${this.folder}/.gyrus`), outputs[output]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Where steps run. */
type Place = (store: Store) => Pick<RunOptions, "executor" | "deviceSlots">;

/** As `gyrus run` does. */
export const inThreads: Place = () => ({});
const here: Place = (store) => ({
  executor: new ThisThread(store),
  deviceSlots: () => Promise.resolve(1),
});

class ThisThread implements Executor {
  constructor(readonly store: Store) {}

  run({ instance, task, signal, listener }: Job): Promise<TaskResult> {
    const services = createServices(this.store, task.numericClass);
    return execute(this.store, instance.kind, task, services, signal, listener);
  }

  close(): void {}
}

/** Sees every event, and may interrupt the run. */
export type Watch = (event: EngineEvent, interrupt: AbortController) => void;

export interface Outcome {
  result: RunResult;
  warnings: string[];
  logs: string[];
}
