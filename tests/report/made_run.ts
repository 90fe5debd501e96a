/** Runs made by hand: artifacts in a store of their own, and the instances that would have made them. */
import { storeOutput } from "../../src/engine/store/artifact.ts";
import type { OutputRef } from "../../src/engine/store/record.ts";
import { openStore, type Store } from "../../src/engine/store/store.ts";
import type { CurrentInstance, CurrentRun } from "../../src/report/current_run.ts";
import { RunArtifacts } from "../../src/report/inputs.ts";
import type { Binding } from "../../src/workflow/graph.ts";
import type { StepOutput } from "../../src/workflow/step.ts";

export interface MadeInstance {
  kind: string;
  axes?: CurrentInstance["axes"];
  params?: CurrentInstance["params"];
  /** Several of a fan-in. */
  inputs?: Record<string, string | Binding | string[]>;
  /** By name: the type and what it holds. */
  outputs?: Record<string, { type: string; list?: string; draft: StepOutput }>;
}

export class MadeRun implements AsyncDisposable {
  private constructor(readonly folder: string, readonly store: Store, readonly run: CurrentRun) {}

  /** @param instances by name; an input is `instance.output` or a binding */
  static async make(
    instances: Record<string, MadeInstance>,
    points: CurrentRun["points"] = [],
  ): Promise<MadeRun> {
    const folder = await Deno.makeTempDir({ prefix: "gyrus-report-" });
    const store = openStore(folder);
    const made: CurrentInstance[] = [];
    for (
      const [name, { kind, axes = {}, params = {}, inputs = {}, outputs }] of Object.entries(
        instances,
      )
    ) {
      const refs: Record<string, OutputRef> = {};
      for (const [output, { type, list, draft }] of Object.entries(outputs ?? {})) {
        const port = { type, description: "", ...(list !== undefined && { list }) };
        refs[output] = await storeOutput(store, port, draft, `${name}.${output}`);
      }
      made.push({
        name,
        step: name.replace(/\[.*/, ""),
        kind,
        version: 1,
        axes,
        params,
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([port, from]) => [
            port,
            Array.isArray(from) ? from.map(bindingOf) : bindingOf(from),
          ]),
        ),
        outcome: outputs ? "done" : "running",
        keep: false,
        reasons: [],
        ...(outputs && { outputs: refs }),
      });
    }
    return new MadeRun(folder, store, {
      version: 1,
      id: "made",
      status: "done",
      workflow: { name: "made", file: "/made.toml", folder: "/", sources: {}, params: {} },
      instances: made,
      publications: [],
      started: "2026-01-01T00:00:00.000Z",
      versions: {},
      points,
    });
  }

  get artifacts(): RunArtifacts {
    return new RunArtifacts(this.store, this.run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

function bindingOf(from: string | Binding): Binding {
  if (typeof from !== "string") return from;
  const [instance, output] = from.split(".");
  return { instance, output };
}
