/** Which folder imports which, that imports form no cycle, and that folders stay small. */
import { assert, assertEquals } from "@std/assert";
import { EVERYWHERE, FOLDERS } from "../docs/folders.ts";
import { ALL_SOURCES, READER_SOURCES } from "../src/cli/program_stamp.ts";
import { type ImportLine, readImports } from "../src/device/code_digest.ts";

const root = new URL("../", import.meta.url);

function* walk(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(new URL(folder, root))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) yield* walk(`${path}/`);
    else if (entry.isFile && path.endsWith(".ts")) yield path;
  }
}

interface Module {
  path: string;
  imports: { target: string; kind: ImportLine["kind"] }[];
  packages: { name: string; kind: ImportLine["kind"] }[];
}

function readModules(): Module[] {
  const paths = [...walk("src/"), ...walk("kernels/"), "mod.ts"].sort();
  return paths.map((path) => {
    const module: Module = { path, imports: [], packages: [] };
    for (const { specifier, kind } of readImports(Deno.readTextFileSync(new URL(path, root)))) {
      if (specifier === "gyrus") module.imports.push({ target: "mod.ts", kind });
      else if (specifier.startsWith(".")) {
        const url = new URL(specifier, new URL(path, root));
        module.imports.push({ target: url.href.slice(root.href.length), kind });
      } else module.packages.push({ name: specifier, kind });
    }
    return module;
  });
}

const modules = readModules();

function folderOf(path: string): string {
  const known = [...FOLDERS.map((folder) => folder.path), ...EVERYWHERE];
  const found = known.find((name) => path === name || path.startsWith(`${name}/`));
  assert(found !== undefined, `${path} is in no folder of docs/folders.ts`);
  return found;
}

Deno.test("folders import what docs/folders.ts lists, and all that it lists is used", () => {
  const used = new Map(FOLDERS.map(({ path }) => [path, new Set<string>()]));
  for (const { path, imports } of modules) {
    for (const { target } of imports) {
      // A user's step in its worker imports Gyrus as any program does.
      if (path.startsWith("src/steps/user/") && target === "mod.ts") continue;
      const to = folderOf(target);
      if (to !== folderOf(path) && !EVERYWHERE.includes(to)) used.get(folderOf(path))?.add(to);
    }
  }
  for (const { path, imports } of FOLDERS) {
    assertEquals([...used.get(path)!].sort(), [...imports].sort(), path);
  }
});

Deno.test("every import, dynamic ones and workers included, leads to a file", () => {
  const missing: string[] = [];
  for (const { path, imports } of modules) {
    for (const { target } of imports) {
      try {
        Deno.statSync(new URL(target, root));
      } catch {
        missing.push(`${path} imports ${target}`);
      }
    }
  }
  assertEquals(missing, []);
});

Deno.test("a folder imports only from those above it in docs/folders.ts", () => {
  const order = FOLDERS.map(({ path }) => path);
  for (const [at, { path, imports }] of FOLDERS.entries()) {
    for (const name of imports) assert(order.indexOf(name) < at, `${path} imports ${name}`);
  }
});

Deno.test("no module imports itself through others, types included", () => {
  const edges = new Map(modules.map(({ path, imports }) => [
    path,
    imports.filter(({ kind }) => kind !== "dynamic").map(({ target }) => target),
  ]));
  const done = new Set<string>();
  function visit(path: string, chain: readonly string[]): void {
    const start = chain.indexOf(path);
    assert(start < 0, `cycle: ${[...chain.slice(start), path].join(" -> ")}`);
    if (done.has(path)) return;
    for (const target of edges.get(path) ?? []) visit(target, [...chain, path]);
    done.add(path);
  }
  for (const path of edges.keys()) visit(path, []);
});

Deno.test("steps/model, which train, predict and interpret share, imports none of them", () => {
  const wrong = modules.flatMap(({ path, imports }) =>
    imports.filter(({ target }) =>
      path.startsWith("src/steps/model/") && /^src\/steps\/(train|predict|interpret)\//.test(target)
    ).map(({ target }) => `${path} imports ${target}`)
  );
  assertEquals(wrong, []);
});

Deno.test("no folder holds more than 25 files", () => {
  const crowded: string[] = [];
  const visit = (folder: string): void => {
    const entries = [...Deno.readDirSync(new URL(folder, root))];
    if (entries.filter(({ isFile }) => isFile).length > 25) crowded.push(folder);
    for (const { name, isDirectory } of entries) if (isDirectory) visit(`${folder}${name}/`);
  };
  for (const folder of ["src/", "kernels/", "docs/", "workflows/"]) visit(folder);
  assertEquals(crowded, []);
});

Deno.test("a reading depends on no module that the stamp of the program passes over", () => {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { target, kind } of byPath.get(path)!.imports) if (kind === "value") visit(target);
  };
  visit("src/workflow/read.ts");
  for (const { target } of byPath.get("src/steps/mod.ts")!.imports) visit(target);
  const passedOver = (paths: Iterable<string>, stamped: readonly string[]) =>
    [...paths].filter((path) => !stamped.some((place) => path.startsWith(place)));
  assertEquals(passedOver(reached, READER_SOURCES), []);
  assertEquals(passedOver([...byPath.keys(), ...READER_SOURCES], ALL_SOURCES), []);
});

Deno.test("only declared packages are imported, and nothing comes by https or from JSR directly", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const declared = new Set<string>(Object.keys(imports));
  const std = ["csv-parse", "smol-toml"];
  const name = (specifier: string) =>
    specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const wrong = modules.flatMap(({ path, packages }) =>
    packages.map((found) => found.name).filter((specifier) =>
      !specifier.startsWith("node:") && !declared.has(name(specifier)) &&
      !declared.has(specifier) &&
      !(path.startsWith("src/std/") && std.includes(name(specifier)))
    ).map((specifier) => `${path} imports ${specifier}`)
  );
  assertEquals(wrong, []);
});

Deno.test("only the command line prints", async () => {
  const printing: string[] = [];
  for (const { path } of modules) {
    if (path.startsWith("src/cli/")) continue;
    const text = await Deno.readTextFile(new URL(path, root));
    if (
      /^(?!\s*(\*|\/\/)).*\b(console\.(log|info|warn|error|debug)\(|Deno\.std(out|err)\b)/m.test(
        text,
      )
    ) {
      printing.push(path);
    }
  }
  assertEquals(printing, []);
});

/** Where the runtime is asked for files directly, and why. */
const FILE_CALLS: Readonly<Record<string, string>> = {
  "src/disk/": "the one place",
  "src/cli/snapshot.ts": "reads the program's own sources, by URL",
  "src/device/code_digest.ts": "reads the program's own sources, by URL",
  "src/steps/user/": "runs in a worker that imports little, by synchronous calls of Node",
};

Deno.test("only src/disk calls the file functions of the runtime, and so words their errors", async () => {
  const functions = "append|chmod|chown|copyFile|create|link|lstat|make(Temp)?|mkdir|open|read|" +
    "realPath|remove|rename|stat|symlink|truncate|utime|watchFs|write";
  const call = new RegExp(
    `^(?!\\s*(\\*|//)).*(\\bDeno\\.(${functions})(Dir|File|Link|TextFile)?(Sync)?\\b|"node:fs)`,
    "m",
  );
  const calling: string[] = [];
  for (const { path } of modules) {
    if (path === "mod.ts") continue;
    if (call.test(await Deno.readTextFile(new URL(path, root)))) calling.push(path);
  }
  const excepted = (path: string) =>
    Object.keys(FILE_CALLS).find((place) => path.startsWith(place));
  assertEquals(calling.filter((path) => !excepted(path)), []);
  const used = new Set(calling.map(excepted));
  assertEquals(Object.keys(FILE_CALLS).filter((place) => !used.has(place)), [], "not needed");
});

Deno.test("no folder is called utils, helpers or the like", () => {
  const bad = modules.map(({ path }) => path).filter((path) =>
    /\/(utils?|helpers?|common|misc|lib)(\/|\.ts$)/.test(path)
  );
  assertEquals(bad, []);
});
