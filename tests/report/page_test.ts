import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { clientScript, MODULES, PAGES } from "../../src/report/client.ts";
import { reportPage } from "../../src/report/page.ts";
import { manyCurves } from "./synthetic.ts";

Deno.test("every module of the page is joined, after those that it imports", async () => {
  const files: string[] = [];
  for (const folder of ["", "charts/"]) {
    const url = new URL(`../../src/report/client/${folder}`, import.meta.url);
    for await (const { name } of Deno.readDir(url)) {
      if (name.endsWith(".js")) files.push(name.slice(0, -3));
    }
  }
  assertEquals(Object.keys(MODULES).sort(), files.sort());
  const seen = new Set<string>();
  for (const [name, source] of Object.entries(MODULES)) {
    for (const [, imported] of source.matchAll(/ from "\.\.?\/(?:\w+\/)*(\w+)\.js";/g)) {
      assert(seen.has(imported), `${name} imports ${imported}, which comes later`);
    }
    seen.add(name);
  }
  for (const page of PAGES) {
    const script = clientScript(page);
    assertEquals(script.match(/^(import|export) .*$/gm), null);
    new Function(script);
  }
});

Deno.test("the page's policy lets its own script and style run and nothing be fetched", async () => {
  const html = await reportPage(manyCurves(1, 2));
  const [, policy] = html.match(/Content-Security-Policy" content="([^"]*)"/)!;
  assertStringIncludes(policy, "default-src 'none'");
  assert(!/unsafe|\*|connect-src|https?:/.test(policy), policy);
  for (const [tag, directive] of [["script", "script-src"], ["style", "style-src"]]) {
    const [, text] = html.match(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`))!;
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const hash = new Uint8Array(bytes).toBase64();
    assertStringIncludes(policy, `${directive} 'sha256-${hash}'`);
  }
  assertStringIncludes(await reportPage(manyCurves(1, 2), true), "connect-src 'self'");
});

Deno.test("text from data can't end its element", async () => {
  const data = manyCurves(1, 2);
  data.overview.workflow = "</script><title>\"&'";
  const html = await reportPage(data);
  assertEquals(html.match(/<\/script>/g)!.length, 2);
  assertStringIncludes(html, "<title>&lt;/script&gt;&lt;title&gt;");
});
