/** What a record names, as far as the garbage collector needs it. */
import type { Digest } from "../../workflow/step.ts";
import { chainKey } from "../store/key.ts";
import type { ManifestRef, StoredRecord } from "../store/record.ts";

export interface RecordFacts {
  type: StoredRecord["type"];
  key: Digest;
  kind: string;
  /** To compute it again; not known of checkpoints. */
  seconds?: number;
  /** Manifests of its outputs. */
  manifests: readonly ManifestRef[];
  /** Further objects: a log, a memo's bytes. */
  blobs: readonly Digest[];
  /** Elements of its list outputs. */
  elements: readonly Digest[];
  /** The chain whose checkpoints it may continue. */
  chain?: Digest;
  /** Of a checkpoint. */
  position?: number;
}

export function factsOf(record: StoredRecord): RecordFacts {
  switch (record.type) {
    case "instance": {
      const { key, parts, seconds, log } = record;
      const outputs = Object.values(record.outputs);
      return {
        type: "instance",
        key,
        kind: parts.kind,
        seconds,
        manifests: outputs.map(({ digest, size }) => ({ digest, size })),
        blobs: log === undefined ? [] : [log],
        elements: outputs.flatMap(({ items = [] }) => items.map(({ digest }) => digest)),
        ...(parts.position && { chain: chainKey(parts) }),
      };
    }
    case "memo": {
      const { key, kind, seconds, blob } = record;
      return {
        type: "memo",
        key,
        kind,
        seconds,
        manifests: [],
        blobs: [blob.digest],
        elements: [],
      };
    }
    case "chain": {
      const { key, kind, position, artifact } = record;
      return { type: "chain", key, kind, position, manifests: [artifact], blobs: [], elements: [] };
    }
  }
}
