/** What the engine and the worker of a user's step tell each other. */
import type { z } from "zod";
import type { Artifact, ArtifactFile, InputPort, Json, OutputPort } from "../../workflow/step.ts";

/** The first message to a worker. */
export interface Start {
  /** `file:` URL of the step's module. */
  entry: string;
  port: MessagePort;
}

/** A step's declaration without its functions. */
export interface Declaration {
  kind: string;
  version: number;
  summary: string;
  description?: string;
  params: z.core.JSONSchema.JSONSchema;
  inputs: Readonly<Record<string, InputPort>>;
  outputs: Readonly<Record<string, OutputPort>>;
  chain?: string;
  unkeyed?: readonly string[];
}

/** An input artifact; its bytes are asked for by `handle`. */
export interface SentArtifact {
  handle: number;
  type: string;
  digest: string;
  meta: Artifact["meta"];
  files: readonly ArtifactFile[];
  items?: readonly SentArtifact[];
  axes?: Artifact["axes"];
}

/** What a step's `run` is handed. */
export interface SentContext {
  params: Readonly<Record<string, Json>>;
  inputs: Readonly<Record<string, SentArtifact | readonly SentArtifact[]>>;
  cpus: number;
  checkpoints: boolean;
}
