/** Serves the demo: its page, and the program's modules that the page imports. */
import { pathOf } from "../device/code_digest.ts";
import { LocalServer } from "../pages/local_server.ts";
import { readBrowserModules } from "./browser_modules.ts";
import { demoPage } from "./page.ts";

/**
 * Starts a server; nothing but the page and its modules can be read from it.
 *
 * @param port 0 takes a free one
 * @throws {DataError} when the port is in use
 * @throws {TypeError} when a module can't be read
 */
export async function serveDemo(port = 0): Promise<LocalServer> {
  const entry = new URL("./client/main.js", import.meta.url);
  const page = await demoPage(pathOf(entry.href));
  const modules = await readBrowserModules(entry);
  return new LocalServer(port, (path) => {
    if (path === "") return { type: "text/html", body: page };
    const module = modules.get(path);
    return module === undefined ? undefined : { type: "text/javascript", body: module };
  });
}
