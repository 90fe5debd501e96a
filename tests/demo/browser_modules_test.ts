import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readBrowserModules } from "../../src/demo/browser_modules.ts";
import { readImports } from "../../src/device/code_digest.ts";

const root = new URL("../../", import.meta.url);
const entry = new URL("src/demo/client/main.js", root);
const modules = await readBrowserModules(entry);

Deno.test("a browser gets every module that the page imports, and no other", () => {
  const home = "http://browser/";
  const missing: string[] = [];
  for (const [path, text] of modules) {
    for (const { specifier } of readImports(text)) {
      const { href } = new URL(specifier, `${home}${path}`);
      if (!specifier.startsWith(".") || !modules.has(href.slice(home.length))) {
        missing.push(`${path} imports ${specifier}`);
      }
    }
  }
  assertEquals(missing, []);
  assert(modules.has("kernels/pool.wgsl") && !modules.has("src/cli/main.ts"));
  const folders = new Set([...modules.keys()].map((path) => path.split("/", 2).join("/")));
  assert(!folders.has("src/engine") && !folders.has("src/steps"), [...folders].join());
});

Deno.test("what the page trains with uses nothing that only Deno has", () => {
  const own = Array.from(modules, ([path, text]) => ({ path, text }))
    .filter(({ text }) => /^(?!\s*(\*|\/\/|\/\*)).*\b(Deno\.|node:|npm:|jsr:)/m.test(text));
  assertEquals(own.map(({ path }) => path), []);
});

Deno.test("a kernel's text reaches the browser as it is", async () => {
  const module = modules.get("kernels/pool.wgsl")!;
  const { default: text } = await import(`data:text/javascript,${encodeURIComponent(module)}`);
  assertEquals(text, await Deno.readTextFile(new URL("kernels/pool.wgsl", root)));
  assertStringIncludes(modules.get("kernels/pool.ts")!, 'from "./pool.wgsl";');
});
