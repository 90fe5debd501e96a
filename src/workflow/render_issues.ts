/** Shows what is wrong with a workflow file: place, excerpt, caret, message. */
import type { Issue } from "../errors.ts";
import { indentContinued, printableLine, UNPRINTABLE } from "./printable.ts";

const widest = 120;

/**
 * One block an issue, with an empty line between:
 *
 * ```text
 * workflows/adni.toml:14:1
 * 14 | n_tests = 0.2
 *    | ^^^^^^^
 * unknown parameter "n_tests" of split.holdout; did you mean "n_test"?
 * ```
 *
 * @param folder paths of files inside it are shown relative to it
 */
export function renderIssues(issues: readonly Issue[], folder?: string): string {
  return issues.map((issue) => renderIssue(issue, folder)).join("\n\n");
}

function renderIssue({ message, location, suggestion }: Issue, folder?: string): string {
  const text = indentContinued(suggestion === undefined ? message : `${message}; ${suggestion}`);
  if (location === undefined) return text;
  const { file, line, column, length = 1, excerpt } = location;
  const lines = [`${printableLine(shortened(file, folder))}:${line}:${column}`];
  if (excerpt !== undefined) {
    const gutter = String(line);
    const { text, start, count } = windowOf(excerpt, column - 1, length);
    // A tab stays a tab in the padding, so that the caret is below its text in any editor.
    const padding = [...text.slice(0, start)].map((char) => char === "\t" ? "\t" : " ").join("");
    const carets = "^".repeat(Math.max(1, [...text.slice(start, start + count)].length));
    lines.push(`${gutter} | ${text}`, `${" ".repeat(gutter.length)} | ${padding}${carets}`);
  }
  lines.push(text);
  return lines.join("\n");
}

function shortened(file: string, folder: string | undefined): string {
  if (folder === undefined) return file;
  const prefix = folder.endsWith("/") ? folder : `${folder}/`;
  return file.startsWith(prefix) ? file.slice(prefix.length) : file;
}

/** The part of a long line around the problem; control characters would upset a terminal. */
function windowOf(excerpt: string, start: number, length: number) {
  const clean = excerpt.replace(UNPRINTABLE, "\u00b7").replaceAll("\n", "\u00b7");
  if (clean.length <= widest) return { text: clean, start, count: length };
  const from = Math.max(0, Math.min(start - 30, clean.length - widest));
  const [head, tail] = [from > 0 ? "... " : "", from + widest < clean.length ? " ..." : ""];
  const text = head + clean.slice(from, from + widest) + tail;
  const shifted = start - from + head.length;
  return { text, start: shifted, count: Math.min(length, head.length + widest - shifted) };
}
