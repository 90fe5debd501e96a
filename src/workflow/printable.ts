/**
 * Text that Gyrus did not write itself, as a terminal or a drawing may show it: names and cells of
 * files, errors of steps, paths. Left as they are, they could move the cursor, set the window's title or
 * add lines that look like Gyrus's own.
 */

/** Control characters but tab and line break, other line breaks, and marks that turn the direction of text. */
export const UNPRINTABLE = /[^\P{Cc}\t\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** With control characters as JSON escapes them, `\u001b`, so that a line of JSON keeps its value. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** {@link printable} with tabs and line breaks escaped too. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, escaped);
}

/** Lines after the first are indented, so that none of them looks like a line of its own. */
export function indentContinued(text: string): string {
  return text.replace(/\r?\n/g, "\n  ");
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
