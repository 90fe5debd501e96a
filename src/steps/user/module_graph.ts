/**
 * The modules that a user's step is made of, found by reading their import lines and never by
 * running them.
 *
 * Each file is read once. The digest of what was read enters the step's key, and the step's worker
 * gets the same text and nothing else, so that what was not hashed can't be loaded and a later edit
 * of a file makes no difference.
 */
import { createHash } from "node:crypto";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Issue, type Location, WorkflowError } from "../../errors.ts";
import type { Digest } from "../../workflow/step.ts";
import { type Import, readImports } from "./imports.ts";

/** One module, or a file that is imported as data. */
export interface UserModule {
  /** `file:` URL. */
  url: string;
  /** How a file is imported that is no code. */
  type?: DataType;
  text: string;
}

export interface ModuleGraph {
  /** URL of the step's module. */
  entry: string;
  /** The entry first. */
  modules: readonly UserModule[];
  /** Of all modules and of how they import each other; independent of where they are. */
  digest: Digest;
}

/** The `type` import attribute of data. */
export type DataType = typeof DATA_TYPES[number];
const DATA_TYPES = ["json", "text"] as const;

/** A module that was read. */
interface Visited extends UserModule {
  digest: string;
  /** Keys of what it imports. */
  imports: string[];
}

/** Gyrus's public interface, the only import from outside. */
const API = "gyrus";
const CODE = [".ts", ".mts", ".js", ".mjs"];
const API_SUGGESTION = 'a step may import files of its folder, and from "gyrus"';
const DATA_SUGGESTION = 'import data by `with { type: "json" }` or `with { type: "text" }`';
/** Bytes of a module. */
const MAX_SIZE = 64 << 20;

/**
 * Reads the modules of a user's step.
 *
 * @param path absolute path of the step's module
 * @throws {WorkflowError} with every import from outside the step's folder or dynamic, every
 *   module that is missing or no TypeScript, and their lines
 */
export function readModuleGraph(path: string): ModuleGraph {
  const walk = new Walk(path);
  if (CODE.includes(extname(path))) walk.visit(path);
  else walk.issues.push({ message: `${path} is not a TypeScript or JavaScript module` });
  if (walk.issues.length > 0) throw new WorkflowError(walk.issues);
  return {
    entry: pathToFileURL(path).href,
    modules: [...walk.modules.values()].map(({ url, type, text }) => ({ url, type, text })),
    digest: walk.digest(),
  };
}

class Walk {
  readonly issues: Issue[] = [];
  /** By path and type, in the order of the first visit. */
  readonly modules = new Map<string, Visited>();
  readonly #folder: string;
  readonly #realFolder: string;

  constructor(entry: string) {
    this.#folder = dirname(entry);
    this.#realFolder = exists(this.#folder) ? realpathSync(this.#folder) : this.#folder;
  }

  /** @param from the import that led here; none for the step's own module */
  visit(path: string, from?: Location, type?: DataType): void {
    if (this.modules.has(keyOf(path, type))) return;
    const bytes = readModule(path);
    if (typeof bytes === "string") {
      this.issues.push({ message: bytes, ...(from && { location: from }) });
      return;
    }
    const text = new TextDecoder().decode(bytes);
    const url = pathToFileURL(path).href;
    const module: Visited = { url, type, text, digest: sha256(bytes), imports: [] };
    this.modules.set(keyOf(path, type), module);
    if (type !== undefined) return;
    const { imports, issues } = readImports(path, text);
    this.issues.push(...issues);
    for (const found of imports) {
      const target = this.#resolve(found, path);
      if (target === undefined) continue;
      module.imports.push(target === API ? API : keyOf(target.path, target.type));
      if (target !== API) this.visit(target.path, found.location, target.type);
    }
  }

  digest(): Digest {
    const numbers = new Map([...this.modules.keys()].map((key, index) => [key, index]));
    const parts = [...this.modules.values()].map(({ digest, imports }) => [
      digest,
      imports.map((target) => numbers.get(target) ?? "gyrus"),
    ]);
    return `sha256-${sha256(new TextEncoder().encode(JSON.stringify(parts)))}`;
  }

  /** What an import leads to; undefined, and an issue, when it must not be imported. */
  #resolve(
    found: Import,
    referrer: string,
  ): { path: string; type?: DataType } | "gyrus" | undefined {
    const { specifier, attribute, location } = found;
    if (specifier === API) return API;
    const refuse = (message: string, suggestion = API_SUGGESTION) => {
      this.issues.push({ message, location, suggestion });
      return undefined;
    };
    if (!/^\.\.?\//.test(specifier) || /[?#]/.test(specifier)) {
      return refuse(`a step must not import "${specifier}"`);
    }
    let path: string;
    try {
      path = fileURLToPath(new URL(specifier, pathToFileURL(referrer)));
    } catch {
      return refuse(`"${specifier}" is no path of a file`);
    }
    const real = exists(path) ? realpathSync(path) : path;
    const outside = (file: string, folder: string) => !file.startsWith(`${folder}/`);
    if (outside(path, this.#folder) || outside(real, this.#realFolder)) {
      return refuse(`"${specifier}" is outside the step's folder ${this.#folder}`);
    }
    if (attribute === undefined) {
      return CODE.includes(extname(path)) ? { path } : refuse(
        `"${specifier}" is not a TypeScript or JavaScript module`,
        DATA_SUGGESTION,
      );
    }
    const type = DATA_TYPES.find((each) => each === attribute);
    if (type === undefined) {
      return refuse(`a step must not import data as "${attribute}"`, DATA_SUGGESTION);
    }
    return { path, type };
  }
}

function keyOf(path: string, type?: DataType): string {
  return `${type ?? "code"} ${path}`;
}

/** The bytes of a module, or why there are none. */
function readModule(path: string): Uint8Array | string {
  try {
    const stat = statSync(path);
    // A device or a pipe could be read for ever.
    if (!stat.isFile()) return `${path} is no file`;
    if (stat.size > MAX_SIZE) return `${path} is larger than ${MAX_SIZE >> 20} MiB`;
    return readFileSync(path);
  } catch {
    return `there is no module ${path}`;
  }
}

function exists(path: string): boolean {
  try {
    realpathSync(path);
    return true;
  } catch {
    return false;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
