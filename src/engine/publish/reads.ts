/** Files that the steps of a workflow read where they are: none is ever replaced or removed. */
import type { Workflow } from "../../workflow/graph.ts";
import { foldersOf } from "../../workflow/nested_paths.ts";
import type { Json } from "../../workflow/step.ts";
import type { OutputRefs } from "../plan/keying.ts";
import { openArtifact } from "../store/artifact.ts";
import type { Store } from "../store/store.ts";

export class ReadFiles {
  /** Steps by the absolute path that a parameter names. */
  readonly #named = new Map<string, string>();
  #external: Map<string, string> | undefined;

  /** @param outputsOf of instances that are done */
  constructor(
    readonly store: Store,
    readonly workflow: Workflow,
    readonly outputsOf: (instance: string) => OutputRefs | undefined,
  ) {
    const add = (value: Json | undefined, step: string): void => {
      if (typeof value === "string") this.#named.set(value, step);
      else if (Array.isArray(value)) { for (const item of value) add(item, step); }
    };
    for (const { step, kind, params } of workflow.instances) {
      for (const name of kind.pathParameters) add(params[name], step);
    }
  }

  /**
   * The step that reads a file; undefined when none does.
   *
   * @param path absolute
   * @param published whether Gyrus wrote the file: in a folder that a step reads, it is then an input
   *   only if the step has named it
   */
  readerOf(path: string, published: boolean): string | undefined {
    const named = this.#named.get(path);
    if (named !== undefined) return named;
    for (const folder of foldersOf(path)) {
      const step = this.#named.get(folder);
      if (step !== undefined) return published ? this.#externalFiles().get(path) : step;
    }
    return undefined;
  }

  /** Steps by the files that are in the outputs of source steps without being in the store. */
  #externalFiles(): Map<string, string> {
    if (this.#external) return this.#external;
    const found = new Map<string, string>();
    for (const { name, step, kind } of this.workflow.instances) {
      if (!kind.source) continue;
      for (const ref of Object.values(this.outputsOf(name) ?? {})) {
        for (const { digest } of openArtifact(this.store, ref).files) {
          for (const path of this.store.externals.pathsOf(digest)) found.set(path, step);
        }
      }
    }
    return this.#external = found;
  }
}
