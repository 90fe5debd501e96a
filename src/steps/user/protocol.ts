/** What the engine and the worker of a user's step send to and call on each other. */
import type { z } from "zod";
import type {
  Artifact,
  ArtifactFile,
  Blob,
  InputPort,
  Json,
  Progress,
  StepOutput,
  UserOutputPort,
} from "../../workflow/step.ts";

/** The first message to a worker. */
export interface Start {
  /** `file:` URL of the step's module. */
  entry: string;
  port: MessagePort;
}

/** A step's declaration without its functions. */
export interface SentDeclaration {
  kind: string;
  version: number;
  summary: string;
  description?: string;
  params: z.core.JSONSchema.JSONSchema;
  inputs: Readonly<Record<string, InputPort>>;
  outputs: Readonly<Record<string, UserOutputPort>>;
  chain?: string;
  unkeyed?: readonly string[];
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
  params: Readonly<Record<string, Json>>;
  inputs: Readonly<Record<string, SentArtifact | readonly SentArtifact[]>>;
  cpus: number;
  checkpoints: boolean;
}

/** A checkpoint that was found. */
export interface SentCheckpoint {
  position: number;
  artifact: SentArtifact;
}

/** Functions of the worker; what they return is checked before it is used. */
export type StepMethods = {
  declare(): Promise<SentDeclaration>;
  run(context: SentContext): Promise<unknown>;
  abort(reason: string): void;
  compute(id: number): Promise<Uint8Array> | undefined;
};

/** Functions of the engine. */
export type EngineMethods = {
  log(message: string): void;
  warn(message: string): void;
  progress(update: Progress): void;
  read(handle: number, file: string): Promise<Uint8Array<ArrayBuffer>>;
  put(bytes: Uint8Array): Promise<Blob>;
  get(blob: Blob): Promise<Uint8Array<ArrayBuffer>>;
  external(file: string): Promise<Blob>;
  memo(key: Json, id: number): Promise<Blob>;
  latestCheckpoint(upTo: number): Promise<SentCheckpoint | undefined>;
  saveCheckpoint(
    position: number,
    output: StepOutput,
    options?: { final?: boolean },
  ): Promise<void>;
};
