/** Finds the artifacts that the sections of a report are drawn from. */
import { openArtifact } from "../engine/store/artifact.ts";
import type { ManifestRef } from "../engine/store/record.ts";
import type { Store } from "../engine/store/store.ts";
import type { Artifact } from "../workflow/step.ts";
import type { CurrentInstance, CurrentRun } from "./current_run.ts";

/** The artifacts of one run, opened when needed. */
export class RunArtifacts {
  readonly #entries: ReadonlyMap<string, CurrentInstance>;
  readonly #opened = new Map<string, Artifact>();

  constructor(readonly store: Store, readonly run: CurrentRun) {
    this.#entries = new Map(run.instances.map((entry) => [entry.name, entry]));
  }

  /** Instances of the kinds whose results are there. */
  finished(isKind: (kind: string) => boolean): CurrentInstance[] {
    return this.run.instances.filter(({ kind, outputs }) => outputs && isKind(kind));
  }

  instance(name: string): CurrentInstance | undefined {
    return this.#entries.get(name);
  }

  /** @throws {DataError} when its manifest is no longer in the store */
  output(entry: CurrentInstance, name: string): Artifact | undefined {
    const ref = entry.outputs?.[name];
    return ref && this.#open(ref);
  }

  /** Every finished output of a type, with the instance that made it. */
  ofType(type: string): { entry: CurrentInstance; artifact: Artifact }[] {
    return this.run.instances.flatMap((entry) =>
      Object.values(entry.outputs ?? {}).filter((ref) => ref.type === type)
        .map((ref) => ({ entry, artifact: this.#open(ref) }))
    );
  }

  /** What an instance was given on a port. */
  inputs(entry: CurrentInstance, port: string): Artifact[] {
    return this.sources(entry, port).map(({ artifact }) => artifact);
  }

  /** The artifact on a port that takes a single one. */
  input(entry: CurrentInstance, port: string): Artifact | undefined {
    return this.inputs(entry, port)[0];
  }

  /** What an instance was given on a port, with the instances that made it. */
  sources(
    entry: CurrentInstance,
    port: string,
  ): { entry: CurrentInstance; artifact: Artifact }[] {
    return [entry.inputs[port] ?? []].flat().flatMap(({ instance, output, index }) => {
      const source = this.#entries.get(instance);
      const list = source?.outputs?.[output];
      const ref = index === undefined ? list : list?.items?.[index];
      return source && ref ? [{ entry: source, artifact: this.#open(ref) }] : [];
    });
  }

  #open(ref: ManifestRef): Artifact {
    const opened = this.#opened.get(ref.digest) ?? openArtifact(this.store, ref);
    this.#opened.set(ref.digest, opened);
    return opened;
  }
}
