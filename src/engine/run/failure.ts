/** The report of an instance that failed. */
import { StepError } from "../../errors.ts";
import type { EventBody } from "../plan/events.ts";
import type { Node } from "./node.ts";
import { keepFailure, logPath, type RunFolder } from "./run_folder.ts";
import type { Store } from "../store/store.ts";

/** Last lines of the log that are reported. */
const TAIL_LINES = 10;
/** Reported by their message; any other error is a bug and reported with its stack. */
const KNOWN_ERRORS = new Set([
  "DataError",
  "DeviceError",
  "StepError",
  "WorkflowError",
  "TimeoutError",
]);

/** Keeps what the instance stored, sets the failure on its node, and returns what to report. */
export function recordFailure(
  store: Store,
  folder: RunFolder | undefined,
  node: Node,
  error: unknown,
): { failure: StepError; event: EventBody } {
  const { instance } = node.planned;
  const message = messageOf(error);
  const known = error instanceof Error && KNOWN_ERRORS.has(error.name);
  const failure = new StepError(instance.name, message, node.logPath, { cause: error });
  node.message = message;
  node.finished = new Date().toISOString();
  const stack = !known && error instanceof Error ? error.stack : undefined;
  const lastLines = folder?.tail(instance.name, TAIL_LINES) ?? [];
  folder?.log(instance.name, "error", stack ?? message);
  const failedFolder = folder
    ? keepFailure(folder, instance.name, node.failure, stack ?? message)
    : "";
  const event: EventBody = {
    type: "instance-failed",
    instance: instance.name,
    message,
    ...(stack !== undefined && { stack }),
    logPath: node.logPath ?? logPath(store, folder?.id ?? "none", instance.name),
    lastLines,
    failedFolder,
  };
  return { failure, event };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === "AbortError");
}
