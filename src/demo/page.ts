/** The demo's page, in the report's style; its modules come from the server. */
import { htmlDocument } from "../pages/document.ts";
import { clientStyle, PLOT_SCRIPT } from "../report/client.ts";
import demoStyle from "./client/demo.css" with { type: "text" };

/** @param entry path of the page's first module from the page */
export async function demoPage(entry: string): Promise<string> {
  return await htmlDocument({
    title: "A network trains in this browser: Gyrus",
    style: `${clientStyle()}\n${demoStyle}`,
    script: PLOT_SCRIPT,
    allows: { modules: true },
    before:
      "<noscript>This page trains a network by a script, which your browser does not run.</noscript>",
    after: `\n<script type="module" src="${entry}"></script>`,
  });
}
