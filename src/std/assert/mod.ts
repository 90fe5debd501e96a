/** The part of `@std/assert` that the tests use; messages and differences come from `node:assert`. */
import { AssertionError as NodeAssertionError } from "node:assert";
import { equal } from "./equal.ts";

export { equal };

/** What a failed assertion throws. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** `message`, or node:assert's text on two values, differences included. */
function fail(actual: unknown, expected: unknown, operator: string, message?: string): never {
  const { message: differences } = new NodeAssertionError({ actual, expected, operator });
  throw new AssertionError(message === undefined ? differences : `${message}: ${differences}`);
}

/** @throws {AssertionError} unless `expr` is truthy */
export function assert(expr: unknown, msg = "Assertion failed"): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** @throws {AssertionError} if `expr` is truthy */
export function assertFalse(expr: unknown, msg = "Expected a falsy value"): asserts expr is false {
  if (expr) throw new AssertionError(msg);
}

/** @throws {AssertionError} unless both are deeply equal; see {@link equal} */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) fail(actual, expected, "deepStrictEqual", msg);
}

/** @throws {AssertionError} if both are deeply equal; see {@link equal} */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) fail(actual, expected, "notDeepStrictEqual", msg);
}

/** @throws {AssertionError} unless both are the same value as `Object.is` has it */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (!Object.is(actual, expected)) fail(actual, expected, "strictEqual", msg);
}

/** @throws {AssertionError} if `actual` is null or undefined */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    throw new AssertionError(msg ?? `Expected a value, got ${actual}`);
  }
}

/**
 * @param tolerance largest difference that passes; a ten-millionth of `expected` when absent
 * @throws {AssertionError} if the difference is larger
 */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7,
  msg?: string,
): void {
  if (Object.is(actual, expected) || Math.abs(actual - expected) <= tolerance) return;
  const prefix = msg === undefined ? "" : `${msg}: `;
  throw new AssertionError(`${prefix}${actual} is not within ${tolerance} of ${expected}`);
}

/** @throws {AssertionError} if `actual` is not greater than `expected` */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) fail(actual, expected, ">", msg);
}

/** @throws {AssertionError} if `actual` is not less than `expected` */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) fail(actual, expected, "<", msg);
}

/** @throws {AssertionError} unless `actual` matches */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) {
    throw new AssertionError(msg ?? `Expected ${expected} to match:\n${actual}`);
  }
}

/** @throws {AssertionError} unless `actual` contains `expected` */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError(msg ?? `Expected ${JSON.stringify(expected)} in:\n${actual}`);
  }
}

function checkError<E extends Error>(
  error: unknown,
  ErrorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg = "",
): E {
  const suffix = msg === "" ? "" : `: ${msg}`;
  if (!(error instanceof Error)) {
    throw new AssertionError(`A value that is no Error was thrown (${error})${suffix}`);
  }
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    const thrown = error.stack ?? `${error.name}: ${error.message}`;
    throw new AssertionError(`Expected ${ErrorClass.name}, got ${thrown}${suffix}`);
  }
  if (msgIncludes !== undefined && !error.message.includes(msgIncludes)) {
    throw new AssertionError(
      `Expected the error to say ${
        JSON.stringify(msgIncludes)
      }, it says:\n${error.message}${suffix}`,
    );
  }
  return error as E;
}

/**
 * @param msgIncludes a part of the error's message
 * @returns the error that was thrown
 * @throws {AssertionError} if nothing or another error was thrown
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, ErrorClass, msgIncludes, msg);
  }
  throw new AssertionError(`Expected the function to throw${msg === undefined ? "" : `: ${msg}`}`);
}

/**
 * @param msgIncludes a part of the error's message
 * @returns the error that the promise was rejected with
 * @throws {AssertionError} if `fn` throws instead of returning a promise, if the promise was
 *   fulfilled, or if it was rejected with another error
 */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (cause) {
    throw new AssertionError(`The function threw instead of returning a promise: ${cause}`, {
      cause,
    });
  }
  try {
    await promise;
  } catch (error) {
    return checkError(error, ErrorClass, msgIncludes, msg);
  }
  throw new AssertionError(
    `Expected the promise to be rejected${msg === undefined ? "" : `: ${msg}`}`,
  );
}
