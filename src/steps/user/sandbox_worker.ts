/**
 * Runs a user's own step, with no permission at all.
 *
 * The step's module is imported here, while the worker runs, because only then do the worker's own
 * permissions count: what a worker imports at its start follows those of its parent. By then nothing
 * else can be imported, and the globals are those that a step may have.
 */
/// <reference lib="deno.worker" />
// The step's own import of it then finds it loaded.
import "gyrus";
import { z } from "zod";
import type { Artifact, StepContext, StepKind, StepOutput } from "../../workflow/step.ts";
import { Channel } from "../../threads/channel.ts";
import { encodeError } from "../../threads/errors.ts";
import { catchErrors, confineGlobals } from "./globals.ts";
import { confineImports } from "./modules.ts";
import { encodeParameters } from "./parameters.ts";
import {
  check,
  ENGINE_ARGUMENTS,
  type EngineMethods,
  type SentArtifact,
  type SentContext,
  type SentDeclaration,
  type Start,
  type StepMethods,
} from "./protocol.ts";

/** Characters of a line of the log. */
const MAX_LINE = 1 << 16;

let kind: StepKind;
let params: StepContext["params"];
let channel: Channel<EngineMethods>;
const abort = new AbortController();
const computations = new Map<number, () => Promise<Uint8Array>>();

self.onmessage = ({ data }: MessageEvent<Start>) => {
  self.onmessage = null;
  // For schemas of the step.
  z.config({ jitless: true });
  confineImports(data.modules);
  const post = data.port.postMessage.bind(data.port);
  catchErrors((error) => {
    try {
      void call("fail", encodeError(error, []).message.slice(0, MAX_LINE));
    } catch {
      // The step has broken what a call needs. What is no message makes the engine end it, too.
      post(null);
    }
  });
  confineGlobals((text) => void call("log", text.slice(0, MAX_LINE)));
  // Errors cross as plain ones: a step may give a class of errors other fields.
  channel = new Channel(
    data.port,
    {
      declare: () => declare(data.entry),
      setParams,
      run,
      abort: (reason: string) => abort.abort(new DOMException(reason, "AbortError")),
      compute: (id: number) => computations.get(id)?.(),
    } satisfies StepMethods,
    [],
  );
};

/** Calls the engine. @throws {TypeError} on arguments that it would refuse */
function call<Method extends keyof EngineMethods>(
  method: Method,
  ...args: Parameters<EngineMethods[Method]>
): Promise<Awaited<ReturnType<EngineMethods[Method]>>> {
  check<Parameters<EngineMethods[Method]>>(ENGINE_ARGUMENTS[method], args, method);
  return channel.call(method, ...args);
}

async function declare(entry: string): Promise<SentDeclaration> {
  const module: { default?: unknown } = await import(entry);
  const step = module.default as StepKind | undefined;
  const problem = problemOf(step);
  if (problem) throw new TypeError(problem);
  kind = step as StepKind;
  const { version, summary, description, inputs, chain, unkeyed } = kind;
  return {
    kind: kind.kind,
    version,
    summary,
    description,
    params: encodeParameters(kind.params),
    inputs: inputs as SentDeclaration["inputs"],
    outputs: kind.outputs as SentDeclaration["outputs"],
    chain,
    unkeyed: unkeyed as string[] | undefined,
  };
}

function problemOf(step: StepKind | undefined): string | undefined {
  if (typeof step !== "object" || step === null) {
    return "it has no `export default defineStep({ ... })`";
  }
  if (typeof step.kind !== "string" || step.kind === "") return "`kind` must be a name";
  if (!Number.isInteger(step.version)) return "`version` must be a whole number";
  if (typeof step.summary !== "string") return "`summary` must be a line of text";
  if (typeof step.run !== "function") return "`run` must be a function";
  if (!(step.params instanceof z.ZodObject)) return "`params` must be a z.object({ ... })";
  if (typeof step.inputs !== "object") return "`inputs` must be an object of ports";
  if (typeof step.outputs !== "object") return "`outputs` must be an object of ports";
  if (Object.values(step.outputs).some((port) => port.publish)) {
    return "a user's own step can't declare an output's `publish`: return the files as they are to be published";
  }
  const { source, preset, checkParams, planNotes, preflight, checkInputs, estimate } = step;
  const early = source || preset || checkParams || planNotes || preflight || checkInputs ||
    estimate;
  if (step.runs === "device" || early) {
    return "a user's own step can't declare `source`, `preset`, `checkParams`, `planNotes`, `preflight`, `checkInputs` or `estimate`, and does not run on the \"device\"";
  }
  return undefined;
}

function setParams(sent: StepContext["params"]): void {
  const result = kind.params.safeParse(sent);
  if (!result.success) throw new TypeError(z.prettifyError(result.error));
  params = result.data as StepContext["params"];
}

async function run(sent: SentContext): Promise<Readonly<Record<string, StepOutput>>> {
  const context: StepContext = {
    params,
    inputs: Object.fromEntries(
      Object.entries(sent.inputs).map(([port, input]) => [
        port,
        Array.isArray(input) ? input.map(artifact) : artifact(input as SentArtifact),
      ]),
    ),
    services: undefined,
    signal: abort.signal,
    cpus: sent.cpus,
    log: (message) => void call("log", String(message).slice(0, MAX_LINE)),
    warn: (message) => void call("warn", String(message).slice(0, MAX_LINE)),
    progress: (update) => void call("progress", update),
    put: (bytes) => call("put", bytes),
    get: (blob) => call("get", blob.digest),
    external: (path) => call("external", path),
    memo: async (key, compute) => {
      const id = computations.size;
      computations.set(id, compute);
      return await call("memo", key, id);
    },
    checkpoints: sent.checkpoints
      ? {
        latest: async (upTo) => {
          const found = await call("latestCheckpoint", upTo);
          return found && { position: found.position, artifact: artifact(found.artifact) };
        },
        save: (position, state, options) =>
          call("saveCheckpoint", position, state, options?.final === true),
      }
      : undefined,
  };
  abort.signal.throwIfAborted();
  return await kind.run(context);
}

function artifact(sent: SentArtifact): Artifact {
  const { handle, items, ...rest } = sent;
  const read = (path: string) => call("read", handle, path);
  return {
    ...rest,
    items: items?.map(artifact),
    read,
    readText: async (path) => new TextDecoder().decode(await read(path)),
  };
}
