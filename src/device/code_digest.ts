/**
 * The digest of the modules that a step's module imports, which is the code part of a device step's
 * key: an edit of any of them makes earlier results unusable, an edit of any other file does not.
 *
 * Imports are found by reading the sources, never by a list. Sources may be files (of a checkout, or
 * embedded in a compiled program) or come from a registry, whose sources Deno has cached. All three
 * give the same digest.
 */
import config from "../../deno.json" with { type: "json" };
import type { Digest } from "../workflow/step.ts";

/** An import or re-export, dynamic imports with a literal address, and the module of a worker. */
export interface ImportLine {
  specifier: string;
  kind: "value" | "type" | "dynamic";
}

const STATIC = /^(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"/gm;
const SIDE_EFFECT = /^import\s+"([^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*"([^"]+)"/g;
const WORKER = /new Worker\(\s*new URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g;

/** The imports of a module's text that `deno fmt` has formatted. */
export function readImports(text: string): ImportLine[] {
  const code = text.replaceAll(/^\s*(\*|\/\/|\/\*).*$/gm, "");
  const all = (pattern: RegExp, kind: ImportLine["kind"]): ImportLine[] =>
    Array.from(code.matchAll(pattern), ([, specifier]) => ({ specifier, kind }));
  return [
    ...Array.from(code.matchAll(STATIC), ([, type, specifier]): ImportLine => ({
      specifier,
      kind: type ? "type" : "value",
    })),
    ...all(SIDE_EFFECT, "value"),
    ...all(DYNAMIC, "dynamic"),
    ...all(WORKER, "dynamic"),
  ];
}

/** The text with the specifiers of its import lines replaced by what `replace` returns for each. */
function replaceImports(text: string, replace: (specifier: string) => string): string {
  const within = (line: string, specifier: string) =>
    line.replace(`"${specifier}"`, () => `"${replace(specifier)}"`);
  const isComment = (at: number) =>
    /^\s*(\*|\/\/|\/\*)/.test(text.slice(text.lastIndexOf("\n", at) + 1, at));
  return text
    .replace(DYNAMIC, (line, specifier, at) => isComment(at) ? line : within(line, specifier))
    .replace(STATIC, (line, _type, specifier) => within(line, specifier))
    .replace(SIDE_EFFECT, within);
}

const ROOT = new URL("../../", import.meta.url);

/** What a module's text imports, by absolute address; packages by name and version. */
interface Source {
  digest: Digest;
  imports: readonly string[];
}

/** Sources by address, each read once. */
type Sources = Map<string, Promise<Source>>;

/** Of the process, so that a run's keys all name one state of the sources. */
const ownSources: Sources = new Map();

/**
 * Addresses of the modules that `entry` imports, itself included, through others too. Type-only
 * imports don't count: they leave no code.
 *
 * @throws {TypeError} when a module can't be read
 */
export async function reachedModules(
  entry: URL,
  sources: Sources = ownSources,
): Promise<Map<string, Source>> {
  const reached = new Map<string, Source>();
  let found = [entry.href];
  while (found.length > 0) {
    const read = await Promise.all(
      found.map(async (href) => [href, await sourceOf(href, sources)] as const),
    );
    for (const [href, source] of read) reached.set(href, source);
    found = [...new Set(read.flatMap(([, { imports }]) => imports))].filter((href) =>
      !reached.has(href)
    );
  }
  return reached;
}

/**
 * Digest of the texts of all modules that `entry` imports and of their addresses below Gyrus's root,
 * so that a checkout elsewhere has the same.
 *
 * @throws {TypeError} when a module can't be read
 */
export async function codeDigest(entry: URL, sources?: Sources): Promise<Digest> {
  const modules = await reachedModules(entry, sources);
  const lines = Array.from(modules, ([href, { digest }]) => `${pathOf(href)} ${digest}`);
  return await digestText(lines.sort().join("\n"));
}

/** A module's path below Gyrus's root; the address of one elsewhere. */
export function pathOf(href: string): string {
  return href.startsWith(ROOT.href) ? href.slice(ROOT.href.length) : href;
}

function sourceOf(href: string, sources: Sources): Promise<Source> {
  let source = sources.get(href);
  if (!source) sources.set(href, source = readSource(href));
  return source;
}

async function readSource(href: string): Promise<Source> {
  // A package is represented by its name and version.
  if (!/^(file|https?):/.test(href)) return { digest: await digestText(href), imports: [] };
  const text = await readText(new URL(href));
  if (!/\.(ts|js)$/.test(href)) return { digest: await digestText(text), imports: [] };
  const resolved = (specifier: string) => resolveImport(specifier, href);
  const imports = readImports(text).filter(({ kind }) => kind !== "type");
  return {
    // Publishing rewrites import lines; resolved, they are the same everywhere.
    digest: await digestText(
      replaceImports(text, (specifier) => pathOf(resolved(specifier))),
    ),
    imports: imports.map(({ specifier }) => resolved(specifier)),
  };
}

/**
 * The text of a module, wherever the program comes from.
 *
 * @throws {TypeError} when it can't be read
 */
export async function readText(url: URL): Promise<string> {
  if (url.protocol === "file:") return Deno.readTextFileSync(url);
  const { default: text } = await import(url.href, { with: { type: "text" } });
  return text;
}

const PACKAGES: Readonly<Record<string, string>> = config.imports;

function resolveImport(specifier: string, referrer: string): string {
  if (specifier.startsWith(".")) return new URL(specifier, referrer).href;
  if (specifier === "gyrus") return new URL("mod.ts", ROOT).href;
  const name = Object.keys(PACKAGES).find((name) =>
    specifier === name || specifier.startsWith(`${name}/`)
  );
  if (name !== undefined) return PACKAGES[name] + specifier.slice(name.length);
  return specifier.replace(/^(npm|jsr):\//, "$1:");
}

async function digestText(text: string): Promise<Digest> {
  const bytes = new TextEncoder().encode(text);
  return `sha256-${new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()}`;
}
