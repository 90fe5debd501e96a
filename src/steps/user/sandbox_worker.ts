/**
 * Runs a user's own step, with no permission except to load the modules that were hashed.
 *
 * The step's module is imported here, while the worker runs, because only then do the worker's own
 * permissions count: what a worker imports at its start follows those of its parent.
 */
/// <reference lib="deno.worker" />
import { z } from "gyrus";
import type {
  Artifact,
  Json,
  StepContext,
  StepKind,
  StepOutput,
  UserOutputPort,
} from "../../workflow/step.ts";
import { Channel } from "../../threads/channel.ts";
import { encodeParameters } from "./parameters.ts";
import type {
  EngineMethods,
  SentArtifact,
  SentContext,
  SentDeclaration,
  Start,
  StepMethods,
} from "./protocol.ts";

let kind: StepKind;
let channel: Channel<EngineMethods>;
const abort = new AbortController();
const computations = new Map<number, () => Promise<Uint8Array>>();

self.onmessage = ({ data }: MessageEvent<Start>) => {
  self.onmessage = null;
  removeGlobals();
  channel = new Channel(
    data.port,
    {
      declare: () => declare(data.entry),
      run,
      abort: (reason: string) => abort.abort(new DOMException(reason, "AbortError")),
      compute: (id: number) => computations.get(id)?.(),
    } satisfies StepMethods,
  );
};

/** Removes globals that need no permission and yet reach beyond the step. */
function removeGlobals(): void {
  const refuse = (what: string) => () => {
    throw new Error(`a step must not ${what}`);
  };
  const log = (...values: unknown[]) => {
    const text = values.map((value) => typeof value === "string" ? value : Deno.inspect(value));
    void channel.call("log", text.join(" "));
  };
  for (const method of ["log", "info", "debug", "warn", "error"] as const) console[method] = log;
  Deno.exit = refuse("end the program");
  self.close = refuse("end its worker");
  for (const name of ["Worker", "BroadcastChannel", "caches"]) Reflect.deleteProperty(self, name);
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
    inputs,
    outputs: kind.outputs as Readonly<Record<string, UserOutputPort>>,
    chain,
    unkeyed,
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

async function run(sent: SentContext): Promise<Readonly<Record<string, StepOutput>>> {
  const context: StepContext = {
    params: kind.params.parse(sent.params) as Record<string, Json>,
    inputs: Object.fromEntries(
      Object.entries(sent.inputs).map(([port, input]) => [
        port,
        Array.isArray(input) ? input.map(artifact) : artifact(input as SentArtifact),
      ]),
    ),
    services: undefined,
    signal: abort.signal,
    cpus: sent.cpus,
    log: (message) => void channel.call("log", message),
    warn: (message) => void channel.call("warn", message),
    progress: (update) => void channel.call("progress", update),
    put: (bytes) => channel.call("put", bytes),
    get: (blob) => channel.call("get", blob),
    external: (path) => channel.call("external", path),
    memo: async (key, compute) => {
      const id = computations.size;
      computations.set(id, compute);
      return await channel.call("memo", key, id);
    },
    checkpoints: sent.checkpoints
      ? {
        latest: async (upTo) => {
          const found = await channel.call("latestCheckpoint", upTo);
          return found && { position: found.position, artifact: artifact(found.artifact) };
        },
        save: (position, state, options) =>
          channel.call("saveCheckpoint", position, state, options),
      }
      : undefined,
  };
  abort.signal.throwIfAborted();
  return await kind.run(context);
}

function artifact(sent: SentArtifact): Artifact {
  const { handle, items, ...rest } = sent;
  const read = (path: string) => channel.call("read", handle, path);
  return {
    ...rest,
    items: items?.map(artifact),
    read,
    readText: async (path) => new TextDecoder().decode(await read(path)),
  };
}
