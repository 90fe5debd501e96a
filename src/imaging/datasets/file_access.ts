/** How files enter a data set: by their digests. */

/** A run of bytes by digest. */
export interface Blob {
  digest: string;
  size: number;
}

/** Access to files by digest, and to what was computed before. */
export interface FileAccess {
  /** Digest of a file through a memo. */
  external(path: string): Promise<Blob>;
  /** Runs a computation once for its key, wherever it was run before. */
  memo(
    key: { readonly [key: string]: string | readonly string[] },
    compute: () => Promise<Uint8Array>,
  ): Promise<Blob>;
  get(blob: Blob): Promise<Uint8Array>;
  log(message: string): void;
  warn(message: string): void;
  progress(update: { fraction: number; message: string }): void;
}
