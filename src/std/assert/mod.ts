/** The part of `@std/assert` that the tests use, over `node:assert`. */
import nodeAssert, { AssertionError } from "node:assert";
import { isDeepStrictEqual } from "node:util";

export { AssertionError };

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** Objects without a prototype equal plain ones, as in `@std/assert`. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === null || prototype === Object.prototype) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
    }
  }
  return value;
}

export function assert(condition: unknown, message?: string): asserts condition {
  nodeAssert.ok(condition, message ?? "");
}

export function assertFalse(condition: unknown, message?: string): asserts condition is false {
  nodeAssert.ok(!condition, message ?? "");
}

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.deepStrictEqual(plain(actual), plain(expected), message);
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.ok(!isDeepStrictEqual(plain(actual), plain(expected)), message ?? "values are equal");
}

export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T {
  nodeAssert.strictEqual(actual, expected, message);
}

export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  nodeAssert.ok(actual !== undefined && actual !== null, message ?? "value is missing");
}

export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance = 1e-7,
  message?: string,
): void {
  if (Object.is(actual, expected) || Math.abs(actual - expected) <= tolerance) return;
  throw new AssertionError({
    message: message ?? `${actual} is not within ${tolerance} of ${expected}`,
    actual,
    expected,
  });
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  nodeAssert.match(actual, expected, message);
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError({
      message: message ?? `expected ${JSON.stringify(expected)} in:\n${actual}`,
    });
  }
}

function checkError<E extends Error>(
  error: unknown,
  errorClass?: ErrorClass<E>,
  messageIncludes?: string,
): E {
  if (!(error instanceof Error)) {
    throw new AssertionError({ message: `not an Error was thrown: ${error}` });
  }
  if (errorClass && !(error instanceof errorClass)) {
    throw new AssertionError({
      message: `expected ${errorClass.name}, got ${error.name}: ${error.message}`,
    });
  }
  if (messageIncludes !== undefined) assertStringIncludes(error.message, messageIncludes);
  return error as E;
}

export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  messageIncludes?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, errorClass, messageIncludes);
  }
  throw new AssertionError({ message: "expected the function to throw" });
}

export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  messageIncludes?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, errorClass, messageIncludes);
  }
  throw new AssertionError({ message: "expected the promise to be rejected" });
}
