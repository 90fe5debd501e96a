/**
 * The program's own modules as a browser loads them: types are stripped, and a text becomes a module
 * that exports it. They are made from the sources when they are asked for, so they are never stale.
 */
import { stripTypeScriptTypes } from "node:module";
import { pathOf, reachedModules, readText } from "../device/code_digest.ts";

/**
 * JavaScript by path from the program's root: of `entry` and of all that it imports, itself or
 * through others. Import lines keep their relative paths.
 *
 * @throws {TypeError} when a module can't be read
 */
export async function readBrowserModules(entry: URL): Promise<Map<string, string>> {
  const addresses = [...(await reachedModules(entry)).keys()];
  return new Map(
    await Promise.all(addresses.map(async (href) => {
      const text = await readText(new URL(href));
      return [pathOf(href), javascriptOf(href, text)] as const;
    })),
  );
}

function javascriptOf(href: string, text: string): string {
  if (href.endsWith(".ts")) {
    // Parameter properties are code, so stripping alone is not enough.
    return withoutTextAttributes(stripTypeScriptTypes(text, { mode: "transform" }));
  }
  return href.endsWith(".js") ? text : `export default ${JSON.stringify(text)};\n`;
}

/** What browsers do not know yet: the import is a module like any other. */
function withoutTextAttributes(javascript: string): string {
  return javascript.replaceAll(/(^import \w+ from "[^"]+") with \{\s*type: "text"\s*\}/gm, "$1");
}
