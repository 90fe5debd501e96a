/** Artifacts and step contexts in memory, for tests that run a step without an engine. */
import { DataError } from "../../src/errors.ts";
import type {
  Artifact,
  ArtifactFile,
  Blob,
  StepContext,
  StepOutput,
} from "../../src/workflow/step.ts";

/** Holds blobs as a store does: by the digest of their bytes, of which each reader has a copy. */
export class MemoryStore {
  readonly #blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  /** How often a memo had to be computed. */
  computed = 0;
  readonly #memos = new Map<string, Blob>();
  readonly warnings: string[] = [];

  async put(content: Uint8Array | string): Promise<Blob> {
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : new Uint8Array(content);
    const digest = `sha256-${new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()}`;
    this.#blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }

  get({ digest }: Blob): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) throw new DataError(digest, "is not in the store");
    return Promise.resolve(bytes.slice());
  }

  /** What a draft becomes when it is published. */
  async artifact(type: string, draft: StepOutput, axes?: Artifact["axes"]): Promise<Artifact> {
    const files: ArtifactFile[] = [];
    for (const [path, content] of Object.entries(draft.files ?? {})) {
      const isBlob = typeof content === "object" && "digest" in content;
      files.push({ path, ...isBlob ? content : await this.put(content) });
    }
    files.sort((a, b) => a.path < b.path ? -1 : 1);
    const meta = draft.meta ?? {};
    const { digest } = await this.put(JSON.stringify([type, meta, files]));
    const read = (path: string) => {
      const file = files.find((file) => file.path === path);
      if (file === undefined) throw new DataError(path, `is not in this ${type}`);
      return this.get(file);
    };
    return {
      type,
      digest,
      meta,
      files,
      axes,
      read: async (path) => await read(path),
      readText: async (path) => new TextDecoder().decode(await read(path)),
    };
  }

  /** The context of one run; external files are read from disk. */
  context<P>(params: P, inputs: StepContext["inputs"] = {}): StepContext<P> {
    return {
      params,
      inputs,
      services: undefined,
      signal: new AbortController().signal,
      cpus: 0,
      log: () => {},
      warn: (message) => this.warnings.push(message),
      progress: () => {},
      put: (bytes) => this.put(bytes),
      get: (blob) => this.get(blob),
      external: async (path) => await this.put(await Deno.readFile(path)),
      memo: async (key, compute) => {
        const name = JSON.stringify(key);
        const known = this.#memos.get(name);
        if (known) return known;
        this.computed++;
        const blob = await this.put(await compute());
        this.#memos.set(name, blob);
        return blob;
      },
    };
  }
}

/** What a publication wrote, in one piece. */
export async function writtenBytes(
  content: Uint8Array | string | readonly Uint8Array[],
): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new globalThis.Blob([content].flat() as BlobPart[])).bytes();
}
