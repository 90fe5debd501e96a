/** The report as a single HTML file that loads nothing, and the list of runs. */
import { clientScript, clientStyle } from "./client.ts";
import type { ReportData } from "./data.ts";
import type { RunsData } from "./runs_data.ts";
import type { SearchData } from "./search/data.ts";
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
    before: dataElement(data),
  });
}

/** The list of runs that a server keeps up to date. */
export async function runsPage(data: RunsData): Promise<string> {
  return await htmlDocument({
    title: "Gyrus runs",
    style: clientStyle(),
    script: clientScript("runs_page"),
    allows: { connections: true },
    attributes: " data-live",
    before: dataElement(data),
  });
}

/** The page of a search. */
export async function searchPage(data: SearchData): Promise<string> {
  return await htmlDocument({
    title: `${data.workflow}: search ${data.name}`,
    style: clientStyle(),
    script: clientScript("search_page"),
    before: dataElement(data),
  });
}

function dataElement(data: ReportData | RunsData | SearchData): string {
  return `<noscript>This page draws itself by a script of its own, which your browser does not run.</noscript>
<script type="application/json" id="data">${embedded(data)}</script>`;
}

/** JSON that can't end its script element, whatever strings it has. */
function embedded(data: ReportData | RunsData | SearchData): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}
