/** Runs workflow files of Gyrus's own steps through the reader and the engine, in a folder of their own. */
import { run, type RunResult } from "../../src/engine/run.ts";
import { openStore } from "../../src/engine/store.ts";
import { reading, running } from "../../src/steps/host.ts";
import { readWorkflow } from "../../src/workflow/read.ts";

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

  /** Runs a workflow's text. A failure of a step is thrown. */
  async run(toml: string, set: readonly string[] = []): Promise<Outcome> {
    await this.write("workflow.toml", `version = 1\nname = "test"\n${toml}`);
    return await this.runFile(`${this.folder}/workflow.toml`, set);
  }

  /** Runs a file; the cache is the project's. */
  async runFile(path: string, set: readonly string[] = [], until: string[] = []): Promise<Outcome> {
    const workflow = await readWorkflow(path, { ...reading, set: [...set] });
    const store = openStore(`${this.folder}/.gyrus`);
    const warnings: string[] = [];
    const logs: string[] = [];
    const result = await run(store, workflow, {
      ...running,
      until,
      onEvent: (event) => {
        if (event.type === "instance-log") {
          (event.level === "warning" ? warnings : logs).push(event.message);
        }
      },
    });
    if (result.errors.length > 0) throw result.errors[0];
    return { result, warnings, logs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

export interface Outcome {
  result: RunResult;
  warnings: string[];
  logs: string[];
}
