/**
 * What the engine and the worker of a user's step send to and call on each other.
 *
 * The step may have taken over its worker, so that the engine checks each message by the schemas
 * below. The worker checks what it sends by the same ones, so that an honest step fails where it makes
 * the mistake.
 */
import { z } from "zod";
import type {
  Artifact,
  ArtifactFile,
  Blob,
  Json,
  Progress,
  StepOutput,
} from "../../workflow/step.ts";
import type { Handlers } from "../../threads/channel.ts";
import type { UserModule } from "./module_graph.ts";
import type { ParameterJsonSchema } from "./parameters.ts";

/** The first message to a worker. */
export interface Start {
  /** URL of the step's module. */
  entry: string;
  modules: readonly UserModule[];
  port: MessagePort;
}

/** An input artifact; its bytes are requested by `handle`. */
export interface SentArtifact {
  handle: number;
  type: string;
  digest: string;
  meta: Artifact["meta"];
  files: readonly ArtifactFile[];
  items?: readonly SentArtifact[];
  axes?: Artifact["axes"];
}

/** The context of a step's `run`, without its functions. */
export interface SentContext {
  inputs: Readonly<Record<string, SentArtifact | readonly SentArtifact[]>>;
  cpus: number;
  checkpoints: boolean;
}

/** A checkpoint that was found. */
export interface SentCheckpoint {
  position: number;
  artifact: SentArtifact;
}

/** Names become parts of keys, paths and diagrams. */
const name = z.string().max(64).regex(/^[A-Za-z]\w*$/, "must be a name of letters, digits and _");
const kindName = z.string().max(64)
  .regex(/^[A-Za-z][\w-]*(\.[\w-]+)*$/, "must be a name such as extract.slices");
const typeName = kindName;
const line = z.string().max(1000).regex(/^\P{Cc}*$/u, "must be one line");
const text = z.string().max(1 << 20);
const json = z.json() as z.ZodType as z.ZodType<Json>;
const bytes: z.ZodType<Uint8Array> = z.instanceof(Uint8Array)
  .refine(({ buffer }) => buffer instanceof ArrayBuffer, "must not be shared memory");
const number = z.custom<number>((value) => typeof value === "number", "must be a number");

/** A step's declaration without its functions; the engine would act on further fields. */
export type SentDeclaration = z.infer<typeof declaration>;
const declaration = z.strictObject({
  kind: kindName,
  version: z.int(),
  summary: line,
  description: text.optional(),
  params: z.custom<ParameterJsonSchema>((value) => typeof value === "object" && value !== null),
  inputs: z.record(
    name,
    z.strictObject({
      types: z.array(typeName).max(100),
      description: text,
      optional: z.boolean().optional(),
      many: z.boolean().optional(),
    }),
  ),
  outputs: z.record(
    name,
    z.strictObject({
      type: typeName,
      list: typeName.optional(),
      length: z.int().min(0).optional(),
      description: text,
    }),
  ),
  chain: name.optional(),
  unkeyed: z.array(name).max(100).optional(),
});

const file = z.union(
  [z.string(), bytes, z.object({ digest: z.string(), size: number })],
  "must be text, bytes or a blob",
);
const output: z.ZodType<StepOutput> = z.object(
  {
    meta: z.record(z.string(), json).optional(),
    files: z.record(z.string(), file).optional(),
    get items() {
      return z.array(output).optional();
    },
  },
  "must be { meta?, files?, items? }",
);

/** Functions of the engine. */
export type EngineMethods = {
  log(message: string): void;
  warn(message: string): void;
  progress(update: Progress): void;
  read(handle: number, file: string): Promise<Uint8Array<ArrayBuffer>>;
  put(bytes: Uint8Array): Promise<Blob>;
  get(digest: string): Promise<Uint8Array<ArrayBuffer>>;
  external(file: string): Promise<Blob>;
  memo(key: Json, id: number): Promise<Blob>;
  latestCheckpoint(upTo: number): Promise<SentCheckpoint | undefined>;
  saveCheckpoint(position: number, state: StepOutput, final: boolean): Promise<void>;
  /** Reports an error outside any call, such as in a timer. */
  fail(message: string): void;
};

export const ENGINE_ARGUMENTS: {
  readonly [Method in keyof EngineMethods]: z.ZodType<Parameters<EngineMethods[Method]>>;
} = {
  log: z.tuple([text]),
  warn: z.tuple([text]),
  progress: z.tuple([z.object({
    fraction: number.optional(),
    message: text.optional(),
    metrics: z.record(z.string(), number).optional(),
  })]),
  read: z.tuple([z.int().min(0), z.string()]),
  put: z.tuple([bytes]),
  get: z.tuple([z.string()]),
  external: z.tuple([z.string()]),
  memo: z.tuple([json, z.int().min(0)]),
  latestCheckpoint: z.tuple([number]),
  saveCheckpoint: z.tuple([z.int().min(0), output, z.boolean()]),
  fail: z.tuple([text]),
};

/** Functions of the worker. */
export type StepMethods = {
  declare(): Promise<SentDeclaration>;
  /** Validates the parameters by the step's own schema. */
  setParams(params: Readonly<Record<string, Json>>): void;
  run(context: SentContext): Promise<Readonly<Record<string, StepOutput>>>;
  abort(reason: string): void;
  compute(id: number): Promise<Uint8Array> | undefined;
};

export const STEP_RESULTS: {
  readonly [Method in keyof StepMethods]: z.ZodType<Awaited<ReturnType<StepMethods[Method]>>>;
} = {
  declare: declaration,
  setParams: z.void(),
  run: z.record(z.string(), output, "`run` must return an object of outputs"),
  abort: z.void(),
  compute: bytes,
};

/**
 * Returns a value that fits; what a schema would fill in or leave out stays as it is.
 *
 * @param subject of the message
 * @throws {TypeError} naming the first part that does not fit
 */
export function check<T>(schema: z.ZodType<T>, value: unknown, subject: string): T {
  // A compiled validator is code from text, which the worker can't make.
  const { error } = schema.safeParse(value, { jitless: true });
  if (!error) return value as T;
  const { path, message } = error.issues[0];
  throw new TypeError(`${[subject, ...path.map(String)].join(" › ")}: ${message}`);
}

/** Functions of the engine that check their arguments before each call. */
export function checked(methods: Partial<EngineMethods>): Handlers {
  const names = Object.keys(methods) as (keyof EngineMethods)[];
  return Object.fromEntries(names.map((name) => [
    name,
    (...args: unknown[]) => {
      const method = methods[name] as (...args: unknown[]) => unknown;
      return method(...check<unknown[]>(ENGINE_ARGUMENTS[name], args, name));
    },
  ]));
}
