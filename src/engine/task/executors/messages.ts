/** What the main thread and a worker say to each other; errors travel by their fields. */
import { DataError, DeviceError } from "../../../errors.ts";
import type { Blob, Digest, Progress } from "../../../workflow/step.ts";
import { type Damage, ObjectError, type VerifyPolicy } from "../../store/store.ts";
import type { Task, TaskResult } from "../task.ts";

export type ToWorker =
  | {
    type: "open";
    root: string;
    lower: readonly string[];
    verify: VerifyPolicy;
    stepModule: string;
  }
  | { type: "run"; task: Task }
  | { type: "abort"; name: string; message: string };

export type FromWorker =
  | { type: "log"; level: "info" | "warning"; message: string }
  | { type: "progress"; update: Progress }
  | { type: "stored"; blob: Blob }
  | { type: "damage"; damage: Damage }
  | { type: "done"; result: TaskResult }
  | { type: "failed"; error: SentError };

interface SentError {
  name: string;
  message: string;
  stack?: string;
  subject?: string;
  problem?: string;
  digest?: Digest;
  state?: "missing" | "corrupt";
  kernel?: string;
  line?: number;
}

export function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const sent: SentError = { name: error.name, message: error.message };
  if (error.stack !== undefined) sent.stack = error.stack;
  if (error instanceof DataError) {
    sent.subject = error.subject;
    sent.problem = error.problem;
  }
  if (error instanceof ObjectError) {
    sent.digest = error.digest;
    sent.state = error.state;
  }
  if (error instanceof DeviceError) {
    sent.kernel = error.kernel;
    sent.line = error.line;
  }
  return sent;
}

export function rebuiltError(sent: SentError): Error {
  const error = rebuilt(sent);
  error.stack = sent.stack;
  return error;
}

function rebuilt(sent: SentError): Error {
  if (sent.digest !== undefined && sent.state !== undefined) {
    return new ObjectError(sent.digest, sent.state, sent.problem ?? sent.message);
  }
  if (sent.name === "DataError") return new DataError(sent.subject ?? "", sent.problem ?? "");
  if (sent.name === "DeviceError") return new DeviceError(sent.message, sent.kernel, sent.line);
  if (sent.name === "AbortError" || sent.name === "TimeoutError") {
    return new DOMException(sent.message, sent.name);
  }
  const error = new Error(sent.message);
  error.name = sent.name;
  return error;
}
