import { assert, assertEquals } from "@std/assert";
import { DataError, DeviceError, StepError, WorkflowError } from "../../src/errors.ts";
import {
  decodeError,
  encodeError,
  ERROR_CLASSES,
  type ErrorClass,
  errorClass,
} from "../../src/threads/errors.ts";

/** Sends an error through a structured clone. */
function sent(error: unknown, classes?: readonly ErrorClass[]): Error {
  return decodeError(structuredClone(encodeError(error, classes)), classes);
}

Deno.test("errors keep their class, fields, stack and cause between threads", () => {
  const cause = new RangeError("too far");
  const location = { file: "w.toml", line: 3, column: 1 };
  const errors = [
    new DataError("sub-01", "has no image", { cause }),
    new DeviceError("the kernel is refused", "softmax", 7, { cause }),
    new StepError("train[fold=1]", "diverged", "/logs/train", { cause }),
    new WorkflowError([{ message: "unknown key", location }]),
  ];
  for (const error of errors) {
    const arrived = sent(error);
    assert(arrived instanceof error.constructor);
    assertEquals<object>({ ...arrived }, { ...error });
    assertEquals([arrived.message, arrived.stack], [error.message, error.stack]);
    if (error.cause === undefined) continue;
    assert(arrived.cause instanceof Error);
    assertEquals([arrived.cause.name, arrived.cause.message], ["RangeError", "too far"]);
  }
});

Deno.test("an abort arrives as one, and a text that was thrown as an error", () => {
  const abort = sent(new DOMException("interrupted", "AbortError"));
  assert(abort instanceof DOMException);
  assertEquals([abort.name, abort.message], ["AbortError", "interrupted"]);
  assertEquals(sent("a text").message, "a text");
});

Deno.test("further classes come first, and a receiver that knows none makes plain errors", () => {
  class Missing extends DataError {
    constructor(readonly digest: string) {
      super(`object ${digest}`, "is missing");
    }
  }
  const classes = [errorClass(Missing, ({ digest }) => [digest]), ...ERROR_CLASSES];
  const arrived = sent(new Missing("sha256-1"), classes);
  assert(arrived instanceof Missing && arrived.digest === "sha256-1");
  const plain = decodeError(encodeError(new Missing("sha256-1"), classes), []);
  assert(!(plain instanceof DataError));
  assertEquals([plain.name, plain.message], ["DataError", "object sha256-1: is missing"]);
});

Deno.test("a chain of causes that has no end is cut", () => {
  const error = new Error("first");
  error.cause = error;
  let depth = 0;
  for (let at: unknown = sent(error); at instanceof Error; at = at.cause) depth++;
  assertEquals(depth, 9);
});
