/** What a store asks of a cache on another machine, which is read after its own folders. */
import type { Blob, Digest } from "../../workflow/step.ts";
import type { InstanceRecord, ManifestRef } from "./record.ts";

/**
 * A cache on another machine. Whatever it answers, and whether it does, a call returns within a bounded
 * time, and what a store takes over has the digest that was asked for.
 */
export interface SharedTier {
  /** As people write it. */
  readonly address: string;
  /** Stops every request that is under way, and all later ones. */
  signal: AbortSignal;
  /** Called once, when it is given up for the rest of this process. */
  onLost: (problem: string) => void;
  /** What was copied from it so far. */
  readonly taken: { readonly results: number; readonly bytes: number };
  /**
   * Copies the record of a key into the store, and the manifests that it names as far as they are
   * there; undefined where the tier has none.
   */
  fetchRecord(key: Digest): Promise<InstanceRecord | undefined>;
  /** Copies an object into the store, where it lacks it; whether the store has it then. */
  fetchObject(blob: Blob): Promise<boolean>;
  /** As {@link fetchObject}, with everything that a manifest names. */
  fetchOutput(ref: ManifestRef): Promise<boolean>;
  /** Whether {@link fetchOutput} can be expected to work; copies manifests alone. */
  hasOutput(ref: ManifestRef): Promise<boolean>;
}
