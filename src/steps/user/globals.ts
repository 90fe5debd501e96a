/** What a user's step finds in its global scope. */
/// <reference lib="deno.worker" />

/** Of the language. */
const LANGUAGE = `
  Infinity NaN undefined globalThis self
  Object Boolean Symbol Function Number BigInt Math Date String RegExp Array Map Set WeakMap WeakSet
  WeakRef FinalizationRegistry ArrayBuffer DataView Uint8Array Int8Array Uint16Array Int16Array
  Uint32Array Int32Array BigUint64Array BigInt64Array Uint8ClampedArray Float16Array Float32Array
  Float64Array JSON Promise Proxy Reflect Iterator Intl Temporal
  Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError
  SuppressedError DisposableStack AsyncDisposableStack
  isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI encodeURIComponent escape
  unescape`;

/** Of the web, without what reaches beyond the thread or makes memory that threads share. */
const WEB = `
  console crypto performance queueMicrotask setTimeout clearTimeout setInterval clearInterval
  structuredClone reportError dispatchEvent atob btoa
  AbortController AbortSignal DOMException Event EventTarget CustomEvent Blob Headers Response URL
  URLPattern URLSearchParams TextDecoder TextEncoder TextDecoderStream TextEncoderStream
  CompressionStream DecompressionStream ReadableStream ReadableStreamDefaultReader
  ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController
  ReadableByteStreamController WritableStream WritableStreamDefaultWriter
  WritableStreamDefaultController TransformStream TransformStreamDefaultController
  ByteLengthQueuingStrategy CountQueuingStrategy`;

const ALLOWED = new Set(namesOf(`${LANGUAGE} ${WEB}`));

/**
 * Removes every other global of this thread for good, and the ways to make code from text.
 *
 * @param log receives what the step prints
 */
export function confineGlobals(log: (text: string) => void): void {
  // The runtime loads many of its globals at their first use, with the help of others.
  for (const name of ALLOWED) set(globalThis, name, Reflect.get(globalThis, name));
  clearTimeout(setTimeout(() => {}));
  const { inspect } = Deno;
  const print = (...values: unknown[]) =>
    log(values.map((value) => typeof value === "string" ? value : inspect(value)).join(" "));
  const methods = ["log", "info", "debug", "warn", "error", "dir", "table", "trace"];
  // Methods of the runtime's console write to the terminal.
  set(globalThis, "console", Object.fromEntries(methods.map((method) => [method, print])));
  for (const prototype of FUNCTION_PROTOTYPES) set(prototype, "constructor", refusedConstructor);
  set(globalThis, "Function", refusedConstructor);
  // They pass bytes through a table of the process.
  for (const name of ["createObjectURL", "revokeObjectURL"]) Reflect.deleteProperty(URL, name);
  for (const scope of [globalThis, ...scopePrototypes()]) {
    for (const name of Object.getOwnPropertyNames(scope)) {
      if (scope === globalThis && ALLOWED.has(name)) continue;
      if (!Reflect.deleteProperty(scope, name)) throw new Error(`${name} can't be removed`);
    }
    // Also fixes its prototype, without which the runtime can't report errors.
    Object.preventExtensions(scope);
  }
  freezeLanguage();
}

/**
 * Fixes the methods of built-in objects: parts of the runtime that are loaded later call them. Objects
 * and errors stay as they are, since fields of theirs are often given to what inherits them.
 */
function freezeLanguage(): void {
  for (const name of namesOf(LANGUAGE)) {
    const value = Reflect.get(globalThis, name);
    if (value === globalThis || name.endsWith("Error")) continue;
    Object.freeze(value);
    if (name !== "Object" && value?.prototype !== undefined) Object.freeze(value.prototype);
  }
  const hidden = [
    [].values(),
    new Map().keys(),
    new Set().keys(),
    "".matchAll(/x/g),
    ""[Symbol.iterator](),
  ];
  for (const each of hidden) Object.freeze(Object.getPrototypeOf(each));
  for (const prototype of [...FUNCTION_PROTOTYPES, Object.getPrototypeOf(Uint8Array.prototype)]) {
    Object.freeze(prototype);
    Object.freeze(prototype.prototype);
  }
  Object.freeze(Object.getPrototypeOf(Uint8Array));
}

function namesOf(list: string): string[] {
  return list.trim().split(/\s+/);
}

/** The prototypes of the global scope below that of every event target. */
function scopePrototypes(): object[] {
  const prototypes = [];
  for (
    let at: object = Object.getPrototypeOf(globalThis);
    at !== EventTarget.prototype;
    at = Object.getPrototypeOf(at)
  ) prototypes.push(at);
  return prototypes;
}

/**
 * Reports errors outside any call, such as in a timer. Unless a listener takes it, the runtime
 * prints such an error to the terminal; a step can neither remove the listeners nor hinder them.
 */
export function catchErrors(report: (error: unknown) => void): void {
  const { apply } = Reflect;
  const { preventDefault } = Event.prototype;
  const take = (event: Event, error: unknown) => {
    apply(preventDefault, event, []);
    report(error);
  };
  self.addEventListener("error", (event) => take(event, event.error));
  self.addEventListener("unhandledrejection", (event) => take(event, event.reason));
  const dispatchEvent = self.dispatchEvent.bind(self);
  Object.defineProperty(globalThis, "dispatchEvent", { value: dispatchEvent });
  for (const each of [EventTarget, Event, ErrorEvent, PromiseRejectionEvent]) {
    Object.freeze(each.prototype);
  }
  // The listeners are in a field of the global scope.
  for (const field of Object.getOwnPropertySymbols(globalThis)) {
    freezeDeeply(Reflect.get(globalThis, field));
    Object.defineProperty(globalThis, field, { writable: false, configurable: false });
  }
}

function freezeDeeply(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freezeDeeply(part);
}

const FUNCTION_PROTOTYPES = [
  () => {},
  async () => {},
  function* () {},
  async function* () {},
].map((each) => Object.getPrototypeOf(each));

/** In the place of `Function`, so that `instanceof Function` still answers. */
function refusedConstructor(): never {
  throw new EvalError("a step must not make code from text");
}
Object.defineProperty(refusedConstructor, "prototype", { value: Function.prototype });

function set(object: object, name: string, value: unknown): void {
  if (Object.getOwnPropertyDescriptor(object, name)?.configurable === false) return;
  Object.defineProperty(object, name, { value, writable: true, configurable: true });
}
