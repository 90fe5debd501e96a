/** What one instance of a user's step may read, store and return. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { DataError } from "../../errors.ts";
import type { Artifact, Blob, Progress, StepContext, StepOutput } from "../../workflow/step.ts";
import type { EngineMethods, SentArtifact, SentContext } from "./protocol.ts";

/**
 * The engine's functions for one instance. A step names inputs by handles and blobs by digests; which
 * of them exist and how large they are is known here and never taken from the step.
 */
export class Access {
  readonly sent: SentContext;
  readonly #artifacts: Artifact[] = [];
  /** Sizes of the blobs that the step may read and return, by digest. */
  readonly #sizes = new Map<string, number>();

  /**
   * @param path of the step's module, for messages
   * @param paths that the workflow names for its path parameters
   * @param lastPosition largest position of a checkpoint
   */
  constructor(
    readonly path: string,
    readonly context: StepContext<Record<string, unknown>>,
    readonly paths: readonly string[],
    readonly lastPosition: number,
  ) {
    this.sent = {
      inputs: Object.fromEntries(
        Object.entries(context.inputs).map(([port, input]) => [
          port,
          isList(input) ? input.map((each) => this.#send(each)) : this.#send(input),
        ]),
      ),
      cpus: context.cpus,
      checkpoints: context.checkpoints !== undefined,
    };
  }

  /** @param compute has the worker make the bytes of a memoized part, by its number there */
  methods(compute: (id: number) => Promise<Uint8Array>): Partial<EngineMethods> {
    const { context } = this;
    return {
      log: context.log,
      warn: context.warn,
      progress: (update) => context.progress(limitFraction(update)),
      read: (handle, file) => {
        const artifact = this.#artifacts[handle];
        if (artifact === undefined) throw this.#problem("there is no such input");
        return artifact.read(file);
      },
      put: (bytes) => this.#allow(context.put(bytes)),
      get: (digest) => context.get(this.#blob(digest)),
      external: (file) => this.#allow(context.external(this.#namedFile(file))),
      memo: (key, id) => this.#allow(context.memo(key, () => compute(id))),
      latestCheckpoint: async (upTo) => {
        const found = await context.checkpoints?.latest(upTo);
        return found && { position: found.position, artifact: this.#send(found.artifact) };
      },
      saveCheckpoint: async (position, state, final) => {
        if (position > this.lastPosition) {
          throw this.#problem(`checkpoint ${position} is beyond ${this.lastPosition}`);
        }
        await context.checkpoints?.save(position, this.#ownOutput(state), { final });
      },
    };
  }

  /** Outputs whose blobs have the sizes that are known here. @throws on any other blob */
  ownOutputs(outputs: Readonly<Record<string, StepOutput>>): Record<string, StepOutput> {
    return Object.fromEntries(
      Object.entries(outputs).map(([name, output]) => [name, this.#ownOutput(output)]),
    );
  }

  #ownOutput({ meta, files, items }: StepOutput): StepOutput {
    const own = Object.entries(files ?? {}).map(([file, content]) => {
      const isOwn = typeof content === "string" || content instanceof Uint8Array;
      return [file, isOwn ? content : this.#blob(content.digest)];
    });
    return {
      meta,
      files: Object.fromEntries(own),
      ...(items && { items: items.map((item) => this.#ownOutput(item)) }),
    };
  }

  /** Lets the step read and return a blob from now on. */
  async #allow(stored: Promise<Blob>): Promise<Blob> {
    const { digest, size } = await stored;
    this.#sizes.set(digest, size);
    return { digest, size };
  }

  #send(artifact: Artifact): SentArtifact {
    const { type, digest, meta, files, items, axes } = artifact;
    for (const file of files) this.#sizes.set(file.digest, file.size);
    const handle = this.#artifacts.push(artifact) - 1;
    return {
      handle,
      type,
      digest,
      meta,
      files,
      items: items?.map((each) => this.#send(each)),
      axes,
    };
  }

  #blob(digest: string): Blob {
    const size = this.#sizes.get(digest);
    if (size !== undefined) return { digest, size };
    throw this.#problem(`blob ${digest} is none of its inputs, and the step did not store it`);
  }

  #namedFile(file: string): string {
    const absolute = resolve(file);
    const real = realPath(absolute);
    const isNamed = real !== undefined && this.paths.some((path) => {
      const allowed = realPath(path);
      return allowed !== undefined && (real === allowed || real.startsWith(`${allowed}/`));
    });
    if (isNamed) return absolute;
    throw this.#problem(
      `${file} is not named by a path parameter of the step; declare one, and name it in the workflow`,
    );
  }

  #problem(message: string): DataError {
    return new DataError(this.path, message);
  }
}

/** A display can rely on a fraction between 0 and 1. */
function limitFraction({ fraction, message, metrics }: Progress): Progress {
  return {
    ...(fraction !== undefined && fraction >= 0 && { fraction: Math.min(fraction, 1) }),
    ...(message !== undefined && { message }),
    ...(metrics !== undefined && { metrics }),
  };
}

function isList(input: Artifact | readonly Artifact[]): input is readonly Artifact[] {
  return Array.isArray(input);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
