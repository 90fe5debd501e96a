/** `[publish]`: copies of outputs, and of a run's report, in the project folder. */
import { DataError } from "../../errors.ts";
import type { Binding, Workflow } from "../../workflow/graph.ts";
import { type Artifact, outputPorts, type PublishTarget } from "../../workflow/step.ts";
import type { EventBody } from "../plan/events.ts";
import { boundRef, type OutputRefs } from "../plan/keying.ts";
import { openArtifact } from "../store/artifact.ts";
import { digestOf } from "../store/digest.ts";
import type { Store } from "../store/store.ts";
import { Ledger } from "./ledger.ts";
import { publishOutput } from "./publication.ts";
import { ReadFiles } from "./reads.ts";

export interface PublishOptions {
  force: boolean;
  /** Instances whose outputs are published. */
  wanted: ReadonlySet<string>;
  onEvent: (event: EventBody) => void;
}

/**
 * Publishes the outputs of wanted instances that are done.
 *
 * @returns one problem for each publication that was refused
 */
export async function publishOutputs(
  store: Store,
  workflow: Workflow,
  outputsOf: (instance: string) => OutputRefs | undefined,
  { force, wanted, onEvent }: PublishOptions,
): Promise<Error[]> {
  const due = workflow.publications.filter(({ binding: { instance } }) =>
    wanted.has(instance) && outputsOf(instance)
  );
  if (due.length === 0) return [];
  const problems: Error[] = [];
  const ledger = new Ledger(store, workflow.folder);
  const publishing = {
    store,
    workflow,
    reads: new ReadFiles(store, workflow, outputsOf),
    force,
  };
  const instances = new Map(workflow.instances.map((instance) => [instance.name, instance]));
  using _lock = await ledger.lock();
  for (const { path, isFile, binding } of due) {
    const { instance, output } = binding;
    const { step, kind, params } = instances.get(instance)!;
    try {
      const ref = boundRef(binding, outputsOf(instance)!);
      const state = await publishOutput(publishing, ledger, {
        path,
        isFile,
        output: outputText(step, binding),
        result: { artifact: ref.digest, version: kind.version },
        write: (target) => {
          const artifact = openArtifact(store, ref);
          const custom = outputPorts(kind, params)[output]?.publish;
          return custom ? custom(artifact, target) : copyFiles(artifact, target, "");
        },
      });
      onEvent({ type: "published", path, instance, output, state });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push(error);
      onEvent({ type: "publish-failed", path, message: error.message });
    }
  }
  await store.copies.flush();
  return problems;
}

/**
 * Publishes a file that no step made, such as the report of a run.
 *
 * @param path relative to the project folder
 * @throws {DataError} when there is a file that is not ours or was edited
 */
export async function publishFile(
  store: Store,
  workflow: Workflow,
  path: string,
  content: Uint8Array | string,
  force: boolean,
): Promise<"written" | "same"> {
  const ledger = new Ledger(store, workflow.folder);
  const reads = new ReadFiles(store, workflow, () => undefined);
  using _lock = await ledger.lock();
  const state = await publishOutput({ store, workflow, reads, force }, ledger, {
    path,
    isFile: true,
    output: "report",
    result: { artifact: digestOf(content), version: 0 },
    write: (target) => target.write(path.slice(path.lastIndexOf("/") + 1), content),
  });
  await store.copies.flush();
  return state;
}

function outputText(step: string, { output, index }: Binding): string {
  return `${step}.${output}${index === undefined ? "" : `[${index}]`}`;
}

async function copyFiles(artifact: Artifact, target: PublishTarget, prefix: string): Promise<void> {
  for (const file of artifact.files) await target.copy(prefix + file.path, file);
  for (const [index, item] of (artifact.items ?? []).entries()) {
    await copyFiles(item, target, `${prefix}${index}/`);
  }
}
