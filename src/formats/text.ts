/** Text of files that people and other programs wrote. */
import { DataError } from "../errors.ts";

const NUL = "holds NUL characters, as UTF-16 without a byte order mark does; save it as UTF-8";

/** Control characters but tab and line ends: in a table they would reach every terminal that shows it. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x01-\x08\x0e-\x1f\x7f]/;

/**
 * Decodes UTF-8, or UTF-16 that has a byte order mark; the mark is left out.
 *
 * @param subject the file, for messages
 * @throws {DataError} when the bytes are in another encoding (Latin-1, UTF-16 without a mark), or hold
 * control characters other than tabs and line ends
 */
export function decodeText(bytes: Uint8Array, subject: string): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    if (encoding === "utf-8" && bytes.includes(0)) throw new DataError(subject, NUL, { cause });
    throw new DataError(
      subject,
      encoding === "utf-8"
        ? `line ${lineOfInvalid(bytes)}: not a UTF-8 text file (Latin-1 or Windows-1252?); ` +
          "save it as UTF-8"
        : "a damaged UTF-16 text file; save it as UTF-8",
      { cause },
    );
  }
  if (text.includes("\0")) throw new DataError(subject, NUL);
  const control = text.search(CONTROL);
  if (control >= 0) {
    const line = text.slice(0, control).split("\n").length;
    const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, "0");
    throw new DataError(subject, `line ${line}: holds the control character U+${code}; remove it`);
  }
  return text;
}

/** The line, from 1, of the first byte that is not UTF-8. */
function lineOfInvalid(bytes: Uint8Array): number {
  let line = 1;
  let start = 0;
  for (let end = 0; end <= bytes.length; end++) {
    if (end < bytes.length && bytes[end] !== 0x0a) continue;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    line++;
    start = end + 1;
  }
  return line;
}
