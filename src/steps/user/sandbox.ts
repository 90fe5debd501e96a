/** The engine's side of the worker in which a user's step runs. */
import { DataError, WorkflowError } from "../../errors.ts";
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { Channel, type Handlers } from "../../threads/channel.ts";
import type { Artifact, Blob, Json, StepContext, StepOutput } from "../../workflow/step.ts";
import type { ModuleGraph } from "./module_graph.ts";
import type { SentArtifact, SentContext, SentDeclaration, Start, StepMethods } from "./protocol.ts";

/** Time that a step has to save its work after an interrupt. */
const GRACE_SECONDS = 10;

/** A worker that can read the modules of one step and nothing else. */
class Sandbox {
  readonly channel: Channel<StepMethods>;
  readonly #worker: Worker;

  constructor(readonly path: string, graph: ModuleGraph, handlers: Handlers) {
    this.#worker = new Worker(new URL("./sandbox_worker.ts", import.meta.url), {
      type: "module",
      name: path,
      deno: {
        permissions: {
          read: [...graph.files],
          write: false,
          net: false,
          env: false,
          sys: false,
          run: false,
          ffi: false,
          import: false,
        },
      },
    });
    const { port1, port2 } = new MessageChannel();
    // A step's errors arrive as plain ones, whatever class they claim.
    this.channel = new Channel(port1, handlers, []);
    // An error outside any call, such as in a timer of the step.
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.channel.close(new Error(event.message));
    };
    this.#worker.postMessage({ entry: graph.entry, port: port2 } satisfies Start, [port2]);
  }

  async call<Name extends keyof StepMethods>(
    method: Name,
    ...args: Parameters<StepMethods[Name]>
  ): Promise<Awaited<ReturnType<StepMethods[Name]>>> {
    try {
      return await this.channel.call(method, ...args);
    } catch (error) {
      throw explainDenied(this.path, error);
    }
  }

  end(reason: unknown): void {
    this.channel.close(reason);
    this.#worker.terminate();
  }
}

/** Reads a step's declaration. @throws {WorkflowError} when its module fails or declares no step */
export async function declareInSandbox(path: string, graph: ModuleGraph): Promise<SentDeclaration> {
  const sandbox = new Sandbox(path, graph, { log: () => {} });
  try {
    return await sandbox.call("declare");
  } catch (cause) {
    const message = cause instanceof DataError ? cause.problem : messageOf(cause);
    throw new WorkflowError([{ message: `${path} can't be used as a step: ${message}` }]);
  } finally {
    sandbox.end(new Error("the step was declared"));
  }
}

/** Runs a step, which can read nothing but its inputs. */
export async function runInSandbox(
  path: string,
  graph: ModuleGraph,
  context: StepContext<Record<string, unknown>>,
  paths: readonly string[],
): Promise<Readonly<Record<string, StepOutput>>> {
  const access = new Access(path, context, paths);
  const sandbox: Sandbox = new Sandbox(path, graph, {
    ...access.handlers,
    memo: (key: Json, id: number) =>
      access.allow(
        context.memo(key, async () => await sandbox.call("compute", id) as Uint8Array),
      ),
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    void sandbox.channel.call("abort", messageOf(context.signal.reason)).catch(() => {});
    timer = setTimeout(() => sandbox.end(context.signal.reason), GRACE_SECONDS * 1000);
  };
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    await sandbox.call("declare");
    return access.checkOutputs(await sandbox.call("run", access.sent));
  } catch (error) {
    context.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener("abort", stop);
    sandbox.end(new Error("the step has ended"));
  }
}

/** What one instance may read: its inputs, its path parameters, and what it stored itself. */
class Access {
  readonly sent: SentContext;
  readonly handlers: Handlers;
  readonly #artifacts: Artifact[] = [];
  readonly #blobs = new Set<string>();

  constructor(
    readonly path: string,
    context: StepContext<Record<string, unknown>>,
    readonly paths: readonly string[],
  ) {
    this.sent = {
      params: context.params as Record<string, Json>,
      inputs: Object.fromEntries(
        Object.entries(context.inputs).map(([port, input]) => [
          port,
          isList(input) ? input.map((each) => this.#send(each)) : this.#send(input),
        ]),
      ),
      cpus: context.cpus,
      checkpoints: context.checkpoints !== undefined,
    };
    this.handlers = {
      log: context.log,
      warn: context.warn,
      progress: context.progress,
      read: (handle: number, file: string) => this.#artifacts[handle].read(file),
      put: (bytes: Uint8Array) => this.allow(context.put(bytes)),
      get: (blob: Blob) => {
        this.#check(blob);
        return context.get(blob);
      },
      external: (file: string) => {
        this.#checkPath(file);
        return this.allow(context.external(file));
      },
      latestCheckpoint: async (upTo: number) => {
        const found = await context.checkpoints?.latest(upTo);
        return found && { position: found.position, artifact: this.#send(found.artifact) };
      },
      saveCheckpoint: (position: number, state: StepOutput, options?: { final?: boolean }) => {
        this.#checkOutput(state, "checkpoint");
        return context.checkpoints?.save(position, state, options);
      },
    };
  }

  /** Lets the step read and return a blob from now on. */
  async allow(stored: Promise<Blob>): Promise<Blob> {
    const { digest, size } = await stored;
    this.#blobs.add(digest);
    return { digest, size };
  }

  checkOutputs(value: unknown): Readonly<Record<string, StepOutput>> {
    if (!isObject(value)) throw this.#problem("`run` must return an object of outputs");
    for (const [output, content] of Object.entries(value)) this.#checkOutput(content, output);
    return value as Readonly<Record<string, StepOutput>>;
  }

  #send(artifact: Artifact): SentArtifact {
    const { type, digest, meta, files, items, axes } = artifact;
    for (const file of files) this.#blobs.add(file.digest);
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

  #check(blob: Blob): void {
    if (this.#blobs.has(blob.digest)) return;
    throw this.#problem(`blob ${blob.digest} is none of its inputs, and the step did not store it`);
  }

  #checkPath(file: string): void {
    const real = realPath(file);
    const inside = this.paths.some((path) => {
      const allowed = realPath(path);
      return real === allowed || real.startsWith(`${allowed}/`);
    });
    if (inside) return;
    throw this.#problem(`${file} is not named by a path parameter of the step; declare one`);
  }

  #checkOutput(value: unknown, output: string): void {
    const { meta, files, items } = isObject(value) ? value : { meta: null };
    if (!isObject(meta ?? {}) || !isObject(files ?? {}) || !Array.isArray(items ?? [])) {
      throw this.#problem(`output "${output}" must be { meta?, files?, items? }`);
    }
    for (const [file, content] of Object.entries(files ?? {})) {
      if (typeof content === "string" || content instanceof Uint8Array) continue;
      if (!isObject(content) || typeof content.digest !== "string") {
        throw this.#problem(`file "${file}" of output "${output}" must be text, bytes or a blob`);
      }
      this.#check(content as unknown as Blob);
    }
    for (const item of (items ?? []) as unknown[]) this.#checkOutput(item, output);
  }

  #problem(message: string): DataError {
    return new DataError(this.path, message);
  }
}

/** Replaces the runtime's message about a missing permission by one that a step's author understands. */
function explainDenied(path: string, error: unknown): unknown {
  if (error instanceof Error) error.stack = ownFrames(error, path);
  const message = messageOf(error);
  const denied = message.match(/^Requires (\w+) access(?: to (.+?))?(?:, run again|$)/);
  if (!denied) return error;
  const [, permission, what = ""] = denied;
  const problem = permission === "read"
    ? `reads ${what}, which is none of its inputs: declare it as an input or as a path parameter, and read it by context.external and context.get`
    : `asks for ${permission} access${what && ` to ${what}`}, but a step can use only its inputs`;
  return new DataError(path, problem, { cause: error });
}

/** A stack with only the frames of the step's own modules. */
function ownFrames(error: Error, path: string): string {
  // Some stack frames escape characters of the path, others do not.
  const folders = [`file://${dirname(path)}/`, `${pathToFileURL(dirname(path)).href}/`];
  const frames = (error.stack ?? "").split("\n")
    .filter((line) => folders.some((folder) => line.includes(folder)));
  return [`${error.name}: ${error.message}`, ...frames].join("\n");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(input: Artifact | readonly Artifact[]): input is readonly Artifact[] {
  return Array.isArray(input);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
