/**
 * What a stranger's step tries. Each is the body of an async function that returns what it reached;
 * one that is refused throws or returns undefined.
 */
export const ATTACKS: Readonly<Record<string, string>> = {
  "reads standard input": "return Deno.stdin.readSync(new Uint8Array(9));",
  "reads standard input through Node": "return process.stdin.fd;",
  "reads a file": 'return Deno.readTextFileSync("/etc/passwd");',
  "writes to standard output": "return Deno.stdout.writeSync(new Uint8Array([78]));",
  "prints by another method of the console":
    'for (const name of ["group", "time", "count", "assert", "dirxml", "timeLog"]) console[name]("NOISE");',
  "ends the program": 'return Deno.kill(Deno.pid, "SIGKILL");',
  "exits": "return Deno.exit(3);",
  "exits through Node": "return process.reallyExit(3);",
  "ends its worker": "return self.close();",
  "takes a signal": 'return Deno.addSignalListener("SIGHUP", () => {});',
  "reads the arguments": "return Deno.args;",
  "reads the environment": 'return Deno.env.get("HOME");',
  "changes the folder": 'return Deno.chdir("/");',
  "runs a program": 'return new Deno.Command("ls").outputSync();',
  "reaches a built-in module": 'return process.getBuiltinModule("node:fs");',
  "starts a worker": "return new Worker('data:text/javascript,1', { type: 'module' });",
  "opens a channel between steps": "return new BroadcastChannel('covert');",
  "opens a port": "return new MessageChannel();",
  "opens a cache": "return await caches.open('covert');",
  "finds the GPU": "return navigator.gpu;",
  "fetches": "return (await fetch('https://example.org')).status;",
  "opens a socket": "return new WebSocket('ws://127.0.0.1:9');",
  "makes shared memory": "return new SharedArrayBuffer(8);",
  "makes shared memory through WebAssembly":
    "return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;",
  "registers an address of the process": "return URL.createObjectURL(new Blob([]));",
  "evaluates a text": "return (0, eval)('1');",
  "makes a function from a text": "return new Function('return 1')();",
  "makes a function by its prototype": "return (() => {}).constructor('return 1')();",
  "makes an async function": "return await (async () => {}).constructor('return 1')();",
  "makes a generator": "return [...(function* () {}).constructor('yield 1')()];",
  "makes an async generator": "return (async function* () {}).constructor('yield 1')();",
  "has a timer evaluate a text": "return setTimeout('globalThis', 0);",
  "finds a caller's function":
    "Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFunction() ?? site.getThis())" +
    ".find((value) => value !== undefined && value !== null);" +
    "try { return new Error().stack; } finally { Error.prepareStackTrace = undefined; }",
  "removes the listener of errors":
    "for (const field of Object.getOwnPropertySymbols(globalThis)) {" +
    "  if (Reflect.deleteProperty(globalThis, field)) return field;" +
    "  if (Reflect.set(globalThis, field, {})) return field;" +
    "}",
  "replaces the dispatch of errors": "globalThis.dispatchEvent = () => true; return 1;",
  "changes the global scope's prototype": "Object.setPrototypeOf(globalThis, null); return 1;",
  "imports by its own address": "return import.meta.resolve('node:fs') && process;",
};

/** A `run` that makes every attack and logs the names of those that reached something. */
export const MAKE_ATTACKS = `
    const reached = [];
    ${
  Object.entries(ATTACKS).map(([name, body]) => `
    try {
      const value = await (async () => { ${body} })();
      if (value !== undefined) reached.push(${JSON.stringify(name)});
    } catch {}`).join("")
}
    context.log("reached: " + reached.join(", "));
    return { table: {} };`;

/**
 * Bodies of a `run` that fail outside any call, or with an error that is hard to report. The runtime
 * would print each to the terminal.
 */
export const CRASHES: readonly string[] = [
  'setTimeout(() => { throw new Error("\\x1b[2JNOISE"); }); await new Promise(() => {});',
  'void Promise.reject(new Error("NOISE")); await new Promise(() => {});',
  "void Promise.reject(null); await new Promise(() => {});",
  "setTimeout(() => { throw { get message() { throw 1; } }; }); await new Promise(() => {});",
  'const error = new Error("NOISE");' +
  'Object.defineProperty(error, "stack", { get() { throw new Error("NOISE"); } });' +
  'Object.defineProperty(error, "name", { value: { a: () => 1 } });' +
  "throw error;",
  "throw null;",
  'throw new Proxy({}, { getPrototypeOf() { throw new Error("NOISE"); } });',
  'throw new DOMException("NOISE", "AbortError");',
  'Array.prototype[Symbol.iterator] = () => { throw new Error("NOISE"); };' +
  'setTimeout(() => { throw new Error("NOISE"); }); await new Promise(() => {});',
  'const refuse = () => { throw new Error("NOISE"); };' +
  "Promise.prototype.then = Map.prototype.get = Function.prototype.call = refuse;" +
  'setTimeout(() => { throw new Error("NOISE"); }); await 0;',
];
