/** What steps hand to each other: stored files with a type and a description. */

/** A value that JSON can express. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [key: string]: Json;
};

/** `sha256-` followed by 64 lower-case hexadecimal digits. */
export type Digest = string;

/** Stored bytes, or an external file (`external` of a step's context). */
export interface Blob {
  /** Of the bytes. */
  digest: Digest;
  /** Bytes. */
  size: number;
}

/** One file of an artifact, by a relative path with forward slashes. */
export interface ArtifactFile extends Blob {
  /** Relative, such as `best-loss/model.safetensors`. */
  path: string;
}

/** A stored output as its consumer reads it: a tree of files with a type and a description. */
export interface Artifact {
  /** Such as `caps` or `labels`. */
  type: string;
  /** Digest of the manifest; it covers type, meta and every file. */
  digest: Digest;
  /** A small description; its fields depend on the type (ARCHITECTURE, Artifacts). */
  meta: { readonly [key: string]: Json };
  /** Sorted by path. */
  files: readonly ArtifactFile[];
  /** Elements, when the artifact is a list such as `folds`. */
  items?: readonly Artifact[];
  /** Matrix coordinates of the producing instance, for inputs bound with `[*]`. */
  axes?: Readonly<Record<string, string | number | boolean>>;
  /**
   * Reads a file.
   *
   * @throws {DataError} when the artifact has no such file or its bytes are corrupt
   */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** As {@link Artifact.read}, decoded as UTF-8. */
  readText(path: string): Promise<string>;
}

/** What `run` returns for one output. Large files are stored first, by `put`, and named by blob. */
export interface StepOutput {
  /** A small description, {@link Artifact.meta}. */
  meta?: { readonly [key: string]: Json };
  /** By relative path with forward slashes. */
  files?: Readonly<Record<string, Uint8Array | string | Blob>>;
  /** For list outputs. */
  items?: readonly StepOutput[];
}
