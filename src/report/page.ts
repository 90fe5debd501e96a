/** The report as a single HTML file that loads nothing. */
import { clientScript, clientStyle } from "./client.ts";
import type { ReportData } from "./data.ts";

/**
 * @param live whether a server sends it changes
 * @returns HTML whose content-security policy lets it run its own script and nothing else
 */
export async function reportPage(data: ReportData, live = false): Promise<string> {
  const script = clientScript(), style = clientStyle();
  const policy = [
    "default-src 'none'",
    `script-src '${await hash(script)}'`,
    `style-src '${await hash(style)}'`,
    "img-src data:",
    ...live ? ["connect-src 'self'"] : [],
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(data.overview.workflow)}: Gyrus report</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body${live ? " data-live" : ""}>
<noscript>This report draws itself by a script of its own, which your browser does not run.</noscript>
<script type="application/json" id="data">${embedded(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** JSON that can't end its script element, whatever strings it has. */
function embedded(data: ReportData): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}
