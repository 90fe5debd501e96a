/** The report as a single HTML file that loads nothing. */
import { clientScript, clientStyle } from "./client.ts";
import type { ReportData } from "./data.ts";
import { htmlDocument } from "../pages/document.ts";

/**
 * @param live whether a server sends it changes
 * @returns HTML whose content-security policy lets it run its own script and nothing else
 */
export async function reportPage(data: ReportData, live = false): Promise<string> {
  return await htmlDocument({
    title: `${data.overview.workflow}: Gyrus report`,
    style: clientStyle(),
    script: clientScript(),
    allows: { connections: live },
    attributes: live ? " data-live" : "",
    before:
      `<noscript>This report draws itself by a script of its own, which your browser does not run.</noscript>
<script type="application/json" id="data">${embedded(data)}</script>`,
  });
}

/** JSON that can't end its script element, whatever strings it has. */
function embedded(data: ReportData): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}
