/** The house as DESIGN draws it: which room may import which, and that nothing goes in circles. */
import { assert, assertEquals } from "@std/assert";
import { READING_SOURCES } from "../src/cli/snapshot.ts";
import { type ImportLine, readImports } from "../src/device/code_digest.ts";

const root = new URL("../", import.meta.url);

/** What a room may import beside itself and what everyone may. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  "deno.json": [],
  "src/errors.ts": [],
  "src/random.ts": [],
  "src/std": [],
  "src/gpu": [],
  "kernels": ["src/gpu"],
  "src/nn": ["src/gpu", "kernels"],
  "src/evaluation": ["src/gpu", "kernels", "src/nn"],
  "src/workflow": [],
  "src/engine": ["src/workflow"],
  "src/device": ["src/workflow"],
  "src/formats": [],
  "src/imaging": ["src/formats"],
  "src/tables": ["src/formats"],
  "src/maps": ["src/formats"],
  "src/report": ["src/workflow", "src/engine", "src/formats", "src/tables", "src/evaluation"],
  "src/steps": [
    "src/gpu",
    "kernels",
    "src/nn",
    "src/evaluation",
    "src/workflow",
    "src/engine",
    "src/device",
    "src/formats",
    "src/imaging",
    "src/tables",
    "src/maps",
    "src/report",
  ],
};
const EVERYONE = ["deno.json", "src/errors.ts", "src/random.ts", "src/std"];
/** On top of everything: they may import every room. */
const TOP = ["src/cli", "mod.ts"];

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

function roomOf(path: string): string {
  const rooms = [...Object.keys(ROOMS), ...TOP];
  const room = rooms.find((name) => path === name || path.startsWith(`${name}/`));
  assert(room !== undefined, `${path} stands in no room of DESIGN`);
  return room;
}

Deno.test("imports run in the directions that DESIGN allows and in no other", () => {
  const wrong: string[] = [];
  for (const { path, imports } of modules) {
    const room = roomOf(path);
    if (TOP.includes(room)) continue;
    for (const { target } of imports) {
      // A user's step in its worker sees Gyrus as any program does.
      if (path === "src/steps/user/sandbox_worker.ts" && target === "mod.ts") continue;
      const to = roomOf(target);
      if (to !== room && !EVERYONE.includes(to) && !ROOMS[room].includes(to)) {
        wrong.push(`${path} imports ${target}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("no module imports itself by way of others", () => {
  const edges = new Map(modules.map(({ path, imports }) => [
    path,
    imports.filter(({ kind }) => kind === "value").map(({ target }) => target),
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
  const stamped = READING_SOURCES.map((url) => url.href.slice(root.href.length));
  const passedOver = [...reached].filter((path) =>
    !stamped.some((place) => path.startsWith(place))
  );
  assertEquals(passedOver, []);
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

Deno.test("no folder is called utils, helpers or common", () => {
  const bad = modules.map(({ path }) => path).filter((path) =>
    /\/(utils?|helpers?|common|misc|lib)(\/|\.ts$)/.test(path)
  );
  assertEquals(bad, []);
});
