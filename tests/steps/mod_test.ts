import { assertEquals } from "@std/assert";
import { loadKind, moduleOf, stepModules } from "../../src/steps/mod.ts";

const folder = new URL("../../src/steps/", import.meta.url);

Deno.test("every step kind is listed under its own name", async () => {
  for (const name of Object.keys(stepModules)) assertEquals((await loadKind(name))?.kind, name);
  assertEquals(await loadKind("toString"), undefined);
});

Deno.test("kind a.b is declared by a/b.ts, kind a by a/a.ts, and all that declare a kind are listed", async () => {
  const declaring: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) continue;
    for await (const file of Deno.readDir(new URL(name, folder))) {
      const path = `${name}/${file.name}`;
      const text = file.isFile ? await Deno.readTextFile(new URL(path, folder)) : "";
      if (/^export default defineStep/m.test(text)) declaring.push(path);
    }
  }
  const listed = Object.keys(stepModules).map((kind) => moduleOf(kind).href);
  assertEquals(listed.map((href) => href.slice(folder.href.length)).sort(), declaring.sort());
  for (const [kind, load] of Object.entries(stepModules)) {
    const [, specifier] = /import\("\.\/([^"]+)"\)/.exec(`${load}`)!;
    assertEquals(new URL(specifier, folder).href, moduleOf(kind).href);
  }
});
