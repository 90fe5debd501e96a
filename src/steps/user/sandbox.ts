/** The engine's side of the worker in which a user's step runs. */
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { DataError, WorkflowError } from "../../errors.ts";
import { Channel } from "../../threads/channel.ts";
import type { StepContext, StepOutput } from "../../workflow/step.ts";
import { Access } from "./access.ts";
import type { ModuleGraph } from "./module_graph.ts";
import {
  check,
  checked,
  type EngineMethods,
  type SentDeclaration,
  type Start,
  STEP_RESULTS,
  type StepMethods,
} from "./protocol.ts";

/** Time that a step has to save its work after an interrupt. */
const GRACE_SECONDS = 10;
/** Time that a step has to declare itself, and to validate its parameters. */
const DECLARATION_SECONDS = 10;

/** A worker that gets the modules of one step and can reach nothing else. */
class Sandbox {
  readonly channel: Channel<StepMethods>;
  readonly #worker: Worker;

  constructor(readonly path: string, graph: ModuleGraph, methods: Partial<EngineMethods>) {
    this.#worker = new Worker(new URL("./sandbox_worker.ts", import.meta.url), {
      type: "module",
      name: path,
      deno: { permissions: "none" },
    });
    const { port1, port2 } = new MessageChannel();
    // A step's errors arrive as plain ones, whatever class they claim.
    const fail = (message: string) => this.channel.close(new Error(message));
    this.channel = new Channel(port1, checked({ ...methods, fail }), []);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.channel.close(new Error(event.message));
    };
    const { entry, modules } = graph;
    this.#worker.postMessage({ entry, modules, port: port2 } satisfies Start, [port2]);
  }

  async call<Name extends keyof StepMethods>(
    method: Name,
    ...args: Parameters<StepMethods[Name]>
  ): Promise<Awaited<ReturnType<StepMethods[Name]>>> {
    try {
      const value: unknown = await this.channel.call(method, ...args);
      return check(STEP_RESULTS[method], value, method);
    } catch (error) {
      throw explainDenied(this.path, error);
    }
  }

  /** As {@link call}; ends the worker when the time is over. */
  async callWithin<Name extends keyof StepMethods>(
    seconds: number,
    method: Name,
    ...args: Parameters<StepMethods[Name]>
  ): Promise<Awaited<ReturnType<StepMethods[Name]>>> {
    const problem = method === "declare"
      ? "its module takes longer than that to load; compute in `run`"
      : "its schema takes longer than that to validate the parameters";
    const timer = setTimeout(
      () => this.end(new DataError(this.path, `stopped after ${seconds} s: ${problem}`)),
      seconds * 1000,
    );
    try {
      return await this.call(method, ...args);
    } finally {
      clearTimeout(timer);
    }
  }

  end(reason: unknown): void {
    this.channel.close(reason);
    this.#worker.terminate();
  }
}

/**
 * Reads a step's declaration.
 *
 * @param seconds until the worker is stopped
 * @throws {WorkflowError} when its module fails, takes too long or declares no step
 */
export async function declareInSandbox(
  path: string,
  graph: ModuleGraph,
  seconds = DECLARATION_SECONDS,
): Promise<SentDeclaration> {
  const sandbox = new Sandbox(path, graph, { log: () => {} });
  try {
    return await sandbox.callWithin(seconds, "declare");
  } catch (cause) {
    const message = cause instanceof DataError ? cause.problem : messageOf(cause);
    throw new WorkflowError([{ message: `${path} can't be used as a step: ${message}` }]);
  } finally {
    sandbox.end(new Error("the step was declared"));
  }
}

/**
 * Runs a step, which can read nothing but its inputs.
 *
 * @param paths that the workflow names for its path parameters
 * @param lastPosition largest position of a checkpoint
 */
export async function runInSandbox(
  path: string,
  graph: ModuleGraph,
  context: StepContext<Record<string, unknown>>,
  paths: readonly string[],
  lastPosition: number,
): Promise<Readonly<Record<string, StepOutput>>> {
  const access = new Access(path, context, paths, lastPosition);
  const methods = access.methods(async (id) => await sandbox.call("compute", id) as Uint8Array);
  const sandbox: Sandbox = new Sandbox(path, graph, methods);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    void sandbox.channel.call("abort", messageOf(context.signal.reason)).catch(() => {});
    timer = setTimeout(() => sandbox.end(context.signal.reason), GRACE_SECONDS * 1000);
  };
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    await sandbox.callWithin(DECLARATION_SECONDS, "declare");
    await sandbox.callWithin(
      DECLARATION_SECONDS,
      "setParams",
      context.params as Parameters<StepMethods["setParams"]>[0],
    );
    return access.ownOutputs(await sandbox.call("run", access.sent));
  } catch (error) {
    context.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener("abort", stop);
    sandbox.end(new Error("the step has ended"));
  }
}

/** An error in words that a step's author understands, and never one that the engine acts on. */
function explainDenied(path: string, error: unknown): unknown {
  if (error instanceof DataError) return error;
  const message = messageOf(error);
  const missing = message.match(/^(\w+) is not defined$/)?.[1];
  if (missing !== undefined && missing in globalThis) {
    const problem = `uses ${missing}, which a step does not have: it reads its inputs, and by ` +
      "context.external and context.get the files that path parameters name";
    return new DataError(path, problem, { cause: withOwnFrames(path, error) });
  }
  return withOwnFrames(path, error);
}

/** A plain error whose stack has only the frames of the step's own modules. */
function withOwnFrames(path: string, error: unknown): Error {
  const { name, message, stack, cause } = error instanceof Error ? error : new Error(String(error));
  // Some stack frames escape characters of the path, others do not.
  const folders = [`file://${dirname(path)}/`, `${pathToFileURL(dirname(path)).href}/`];
  const frames = (stack ?? "").split("\n")
    .filter((line) => folders.some((folder) => line.includes(folder)));
  const plain = new Error(message, { cause });
  // An abort that nobody asked for is a failure like any other.
  if (name !== "AbortError") plain.name = name;
  plain.stack = [`${plain.name}: ${message}`, ...frames].join("\n");
  return plain;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
