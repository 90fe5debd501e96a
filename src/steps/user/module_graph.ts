/**
 * The modules that a user's step is made of, found by reading their import lines and never by
 * running them.
 *
 * The digest of the modules enters the step's key, and the list of files is all that the step's
 * worker may read, so that nothing which was not hashed can be loaded.
 */
import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { dirname, extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Expression, parse, type ParseResult } from "@babel/parser";
import { type Issue, type Location, WorkflowError } from "../../errors.ts";
import type { Digest } from "../../workflow/step.ts";

export interface ModuleGraph {
  /** `file:` URL of the step's module. */
  entry: string;
  /** Absolute paths of all modules, the entry first; symbolic links also as what they point to. */
  files: readonly string[];
  /** Of all modules and of how they import each other; independent of where they are. */
  digest: Digest;
}

interface Import {
  specifier: string;
  /** The `type` import attribute, such as `json`. */
  attribute?: string;
  location: Location;
}

/** Gyrus's public interface, the only import from outside. */
const API = realpathSync(fileURLToPath(new URL("../../../mod.ts", import.meta.url)));
const CODE = [".ts", ".mts", ".js", ".mjs"];
const API_SUGGESTION = 'a step may import files of its folder, and from "gyrus"';

/**
 * Reads the modules of a user's step.
 *
 * @param path absolute path of the step's module
 * @throws {WorkflowError} with every import from outside the step's folder or dynamic, every
 *   module that is missing or no TypeScript, and their lines
 */
export function readModuleGraph(path: string): ModuleGraph {
  const walk = new Walk(path);
  walk.visit(path);
  if (walk.issues.length > 0) throw new WorkflowError(walk.issues);
  const files = [...walk.modules.keys()];
  return {
    entry: pathToFileURL(path).href,
    files: [...new Set([...files, ...files.map((file) => realpathSync(file))])],
    digest: walk.digest(files),
  };
}

class Walk {
  readonly issues: Issue[] = [];
  /** Content and imports by path, in the order of the first visit. */
  readonly modules = new Map<string, { digest: string; imports: string[] }>();
  readonly #folder: string;
  readonly #realFolder: string;

  constructor(entry: string) {
    this.#folder = dirname(entry);
    this.#realFolder = exists(this.#folder) ? realpathSync(this.#folder) : this.#folder;
  }

  /** @param from the import that led here; none for the step's own module */
  visit(path: string, from?: Location, attribute?: string): void {
    if (this.modules.has(path)) return;
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(path);
    } catch {
      this.issues.push({ message: `there is no module ${path}`, ...(from && { location: from }) });
      return;
    }
    const module = { digest: sha256(bytes), imports: [] as string[] };
    this.modules.set(path, module);
    if (attribute !== undefined) return;
    for (const found of this.#imports(path, new TextDecoder().decode(bytes))) {
      const target = this.#resolve(found, path);
      if (target === undefined) continue;
      module.imports.push(target);
      if (target !== API) this.visit(target, found.location, found.attribute);
    }
  }

  digest(files: readonly string[]): Digest {
    const numbers = new Map(files.map((file, index) => [file, index]));
    const parts = files.map((file) => {
      const { digest, imports } = this.modules.get(file) ?? { digest: "", imports: [] };
      return [digest, imports.map((target) => numbers.get(target) ?? "gyrus")];
    });
    return `sha256-${sha256(new TextEncoder().encode(JSON.stringify(parts)))}`;
  }

  /** Absolute path of an import; undefined, and an issue, when it must not be imported. */
  #resolve(found: Import, referrer: string): string | undefined {
    const { specifier, attribute, location } = found;
    if (specifier === "gyrus") return API;
    const refuse = (message: string, suggestion = API_SUGGESTION) => {
      this.issues.push({ message, location, suggestion });
      return undefined;
    };
    if (!/^\.\.?\//.test(specifier) || /[?#]/.test(specifier)) {
      return refuse(`a step must not import "${specifier}"`);
    }
    const path = fileURLToPath(new URL(specifier, pathToFileURL(referrer)));
    const real = exists(path) ? realpathSync(path) : path;
    if (real === API) return API;
    const outside = (file: string, folder: string) => !file.startsWith(`${folder}/`);
    if (outside(path, this.#folder) || outside(real, this.#realFolder)) {
      return refuse(`"${specifier}" is outside the step's folder ${this.#folder}`);
    }
    if (attribute === undefined && !CODE.includes(extname(path))) {
      return refuse(
        `"${specifier}" is not a TypeScript or JavaScript module`,
        'import data by `with { type: "json" }` or `with { type: "text" }`',
      );
    }
    return path;
  }

  #imports(file: string, text: string): Import[] {
    const at = (node: { loc?: Expression["loc"] }, length?: number): Location => {
      const { line = 1, column = 0 } = node.loc?.start ?? {};
      return { file, line, column: column + 1, length, excerpt: text.split("\n")[line - 1] };
    };
    let parsed: ParseResult;
    try {
      parsed = parse(text, {
        sourceType: "module",
        plugins: extname(file).endsWith("ts") ? ["typescript"] : [],
        createImportExpressions: true,
      });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const { loc } = error as SyntaxError & { loc?: { line: number; column: number } };
      const message = error.message.replace(/ \(\d+:\d+\)$/, "");
      this.issues.push({
        message,
        location: at({ loc: loc && { start: loc } as Expression["loc"] }),
      });
      return [];
    }
    for (const node of dynamicImports(parsed.program)) {
      this.issues.push({
        message: "a step must not import while it runs",
        location: at(node, "import".length),
        suggestion: "write the import at the top of the module",
      });
    }
    return parsed.program.body.flatMap((node) => {
      const typeOnly = ("importKind" in node && node.importKind === "type") ||
        ("exportKind" in node && node.exportKind === "type");
      if (typeOnly || !("source" in node) || !node.source) return [];
      const { source, attributes } = node;
      const type = attributes?.find(({ key }) =>
        (key.type === "Identifier" ? key.name : key.value) === "type"
      );
      return [{
        specifier: source.value,
        attribute: type?.value.value,
        location: at(source, source.value.length + 2),
      }];
    });
  }
}

interface SyntaxNode {
  type: string;
  loc?: Expression["loc"];
}

function* dynamicImports(value: unknown): Generator<SyntaxNode> {
  if (typeof value !== "object" || value === null) return;
  if ("type" in value && value.type === "ImportExpression") yield value as SyntaxNode;
  for (const [name, child] of Object.entries(value)) {
    if (name !== "loc" && name !== "extra") yield* dynamicImports(child);
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
