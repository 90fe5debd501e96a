/** HTML documents that run nothing and load nothing but what their policy names. */

export interface Document {
  title: string;
  style: string;
  /** Classic script that runs first or alone. */
  script: string;
  /** What the policy allows besides the style, the script and images in the page. */
  allows?: { modules?: boolean; connections?: boolean };
  /** Attributes of `body`, such as ` data-live`. */
  attributes?: string;
  /** HTML before the script. */
  before: string;
  /** HTML after it. */
  after?: string;
}

/** @returns HTML whose content-security policy names the hashes of its style and script */
export async function htmlDocument(
  { title, style, script, allows = {}, attributes = "", before, after = "" }: Document,
): Promise<string> {
  const policy = [
    "default-src 'none'",
    `script-src '${await hash(script)}'${allows.modules ? " 'self'" : ""}`,
    `style-src '${await hash(style)}'`,
    "img-src data:",
    ...allows.connections ? ["connect-src 'self'"] : [],
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
<title>${htmlText(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body${attributes}>
${before}
<script>${script}</script>${after}
</body>
</html>
`;
}

/** A text as HTML shows it, in an element or in an attribute between double quotes. */
export function htmlText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}
