import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { codeDigest, reachedModules, readImports } from "../../src/device/code_digest.ts";
import { loadKinds, moduleOf } from "../../src/steps/mod.ts";

const root = new URL("../../", import.meta.url);

Deno.test("imports of every form are read", () => {
  const text = [
    'import { a } from "./a.ts";',
    'import {\n  b,\n} from "./b.ts";',
    'import type { C } from "zod";',
    'import source from "./c.wgsl" with { type: "text" };',
    'export * from "./d.ts";',
    'import "./e.ts";',
    ' * import { f } from "./comment.ts";',
    'const g = await import("./g.ts");',
    'new Worker(new URL("./h.ts", import.meta.url));',
  ].join("\n");
  assertEquals(readImports(text).map(({ specifier, kind }) => `${kind} ${specifier}`).sort(), [
    "dynamic ./g.ts",
    "dynamic ./h.ts",
    "type zod",
    "value ./a.ts",
    "value ./b.ts",
    "value ./c.wgsl",
    "value ./d.ts",
    "value ./e.ts",
  ]);
});

const deviceKinds = (await loadKinds()).filter(({ runs }) => runs === "device");

Deno.test("a device step's modules are those that Deno finds", async () => {
  assert(deviceKinds.length >= 5);
  for (const { kind } of deviceKinds) {
    const entry = moduleOf(kind);
    const reached = new Set((await reachedModules(entry)).keys());
    const missed = (await modulesByDeno(entry)).filter((address) => !reached.has(address));
    assertEquals(missed, [], kind);
    assert(reached.has(new URL("src/random.ts", root).href), `${kind} draws random numbers`);
    assert(reached.has(new URL("src/gpu/program.ts", root).href), `${kind} computes`);
  }
});

/** Local modules by value, dynamic imports included, as `deno info` lists them. */
async function modulesByDeno(entry: URL): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry.href],
    cwd: root,
  }).output();
  interface Listed {
    specifier: string;
    dependencies?: { code?: { specifier?: string } }[];
  }
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: Listed[] };
  const byAddress = new Map(modules.map((module) => [module.specifier, module]));
  const found = new Set([entry.href]);
  for (const address of found) {
    for (const { code } of byAddress.get(address)?.dependencies ?? []) {
      const local = code?.specifier?.startsWith(root.href) &&
        !code.specifier.startsWith(new URL("src/std/", root).href);
      if (local) found.add(code!.specifier!);
    }
  }
  return [...found];
}

/** Copies the sources, so that a fresh process digests them after an edit. */
async function withCopy(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of ["src", "kernels", "mod.ts", "deno.json"]) {
      await copy(new URL(name, root), `${folder}/${name}`);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function copy(from: URL, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    await copy(new URL(name, `${from.href}/`), `${to}/${name}`);
  }
}

Deno.test("editing any module of a device step changes its digest, editing another file does not", () =>
  withCopy(async (folder) => {
    const script = `
      const { codeDigest, reachedModules } = await import(
        "file://${folder}/src/device/code_digest.ts");
      const { moduleOf } = await import("file://${folder}/src/steps/mod.ts");
      const entry = moduleOf("train.classification");
      const paths = [...(await reachedModules(entry)).keys()].filter((href) =>
        href.startsWith("file:")).map((href) => new URL(href));
      const unrelated = ["src/cli/main.ts", "src/report/page.ts", "kernels/grad_cam.wgsl"].map(
        (path) => new URL("file://${folder}/" + path));
      const before = await codeDigest(entry);
      const digests = [];
      for (const path of [...paths, ...unrelated]) {
        const text = Deno.readTextFileSync(path);
        Deno.writeTextFileSync(path, text + "\\n");
        digests.push([path.pathname.slice(${folder.length} + 1), await codeDigest(entry, new Map())]);
        Deno.writeTextFileSync(path, text);
      }
      console.log(JSON.stringify({ before, digests, unrelated: unrelated.length }));
    `;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--config", `${folder}/deno.json`, script],
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    const { before, digests, unrelated } = JSON.parse(new TextDecoder().decode(stdout)) as {
      before: string;
      digests: [string, string][];
      unrelated: number;
    };
    assertEquals(before, await codeDigest(moduleOf("train.classification")), "place is no part");
    const edited = digests.slice(0, -unrelated);
    assert(edited.length > 100);
    for (const [path, digest] of edited) assertNotEquals(digest, before, path);
    for (const [path, digest] of digests.slice(-unrelated)) assertEquals(digest, before, path);
  }));
