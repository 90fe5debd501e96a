/**
 * Errors on their way between threads. A structured clone of an error loses its class and its
 * fields, so they are sent as plain objects and made again.
 */
import { DataError, DeviceError, StepError, WorkflowError } from "../errors.ts";

export interface SentError {
  name: string;
  message: string;
  stack?: string;
  /** Name of its {@link ErrorClass}, with the arguments that make the error again. */
  class?: string;
  args?: readonly unknown[];
  cause?: SentError;
}

/** A class of errors that arrive as what they are; others arrive as an `Error` with their name. */
export interface ErrorClass {
  type: new (...args: never[]) => Error;
  /** Arguments of the constructor. */
  args(error: Error): readonly unknown[];
}

export function errorClass<E extends Error>(
  type: new (...args: never[]) => E,
  args: (error: E) => readonly unknown[],
): ErrorClass {
  return { type, args: args as ErrorClass["args"] };
}

export const ERROR_CLASSES: readonly ErrorClass[] = [
  errorClass(DataError, ({ subject, problem }) => [subject, problem]),
  errorClass(DeviceError, ({ message, kernel, line }) => [message, kernel, line]),
  errorClass(StepError, ({ instance, message, logPath }) => [instance, message, logPath]),
  errorClass(WorkflowError, ({ issues }) => [issues]),
];

/** A chain of causes may be endless. */
const MAX_CAUSES = 8;

/**
 * Never throws, whatever was thrown: a getter of it may throw, and its fields may be anything.
 *
 * @param classes the first that an error is an instance of counts
 */
export function encodeError(
  error: unknown,
  classes: readonly ErrorClass[] = ERROR_CLASSES,
  causes = MAX_CAUSES,
): SentError {
  try {
    if (!(error instanceof Error)) return { name: "Error", message: String(error) };
    const { name, message, stack, cause } = error;
    const known = classes.find(({ type }) => error instanceof type);
    return {
      name: typeof name === "string" ? name : "Error",
      message: String(message),
      ...(typeof stack === "string" && { stack }),
      ...(known && { class: known.type.name, args: known.args(error) }),
      ...(cause instanceof Error && causes > 0 && {
        cause: encodeError(cause, classes, causes - 1),
      }),
    };
  } catch {
    return { name: "Error", message: "an error that can't be read was thrown" };
  }
}

/** Whether a message from the other side is what {@link encodeError} returns. */
export function isSentError(value: unknown, causes = MAX_CAUSES): value is SentError {
  if (typeof value !== "object" || value === null) return false;
  const { name, message, stack, class: known, args, cause } = value as Record<string, unknown>;
  return typeof name === "string" && typeof message === "string" &&
    (stack === undefined || typeof stack === "string") &&
    (known === undefined || typeof known === "string" && Array.isArray(args)) &&
    (cause === undefined || causes > 0 && isSentError(cause, causes - 1));
}

export function decodeError(
  sent: SentError,
  classes: readonly ErrorClass[] = ERROR_CLASSES,
  causes = MAX_CAUSES,
): Error {
  const error = construct(sent, classes);
  error.stack = sent.stack;
  if (sent.cause && causes > 0) {
    const cause = decodeError(sent.cause, classes, causes - 1);
    // As the constructor sets it: not enumerable.
    Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true });
  }
  return error;
}

function construct(sent: SentError, classes: readonly ErrorClass[]): Error {
  const known = classes.find(({ type }) => type.name === sent.class);
  if (known) return new known.type(...sent.args as never[]);
  if (sent.name === "AbortError" || sent.name === "TimeoutError") {
    return new DOMException(sent.message, sent.name);
  }
  const error = new Error(sent.message);
  error.name = sent.name;
  return error;
}
