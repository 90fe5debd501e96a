/** The file with which a user proves who they are to a server, and with which records are signed. */
import { readStart, statOf } from "../../../disk/read.ts";
import { DataError } from "../../../errors.ts";
import { isReadableOnTheWay, type ServerAddress } from "./address.ts";

export interface Credentials {
  /** Sent to the server as a bearer token. */
  token?: string;
  /** Signs records; the server never sees it. */
  secret?: string;
}

const MAX_BYTES = 16_384;
/** Shorter secrets can be found by trying. */
const MIN_SECRET = 32;
/** Read or write, for everyone. */
const EVERYONE = 0o006;

/**
 * Reads a file of one or two lines: the bearer token, and the secret that signs records.
 *
 * @returns a warning too where other users of this machine can read the file
 * @throws {DataError} when it is missing or holds something else, or the token would be sent unencrypted
 */
export function readCredentials(
  path: string,
  address: ServerAddress,
): { credentials: Credentials; warning?: string } {
  const bytes = readStart(path, MAX_BYTES + 1);
  const fail = (problem: string) => new DataError(path, problem);
  if (bytes.length > MAX_BYTES) throw fail("is no file of a token: it has more than 16 KiB");
  const lines = new TextDecoder().decode(bytes).replace(/\r?\n$/, "").split(/\r?\n/);
  // Their content must not appear in an error.
  if (lines.length > 2 || lines.some((line) => !/^[\x21-\x7e]*$/.test(line)) || lines[0] === "") {
    throw fail(
      "must have the token in its first line and may have a secret that signs records in its second, " +
        "each without spaces",
    );
  }
  const [token, secret] = lines;
  if (secret !== undefined && secret.length < MIN_SECRET) {
    throw fail(`the secret in its second line is shorter than ${MIN_SECRET} characters`);
  }
  if (secret === token) throw fail("the secret in its second line must not be the token");
  if (isReadableOnTheWay(address)) {
    throw new DataError(
      address.url,
      "a token sent to an http address can be read on the way; use an https address",
    );
  }
  const { mode } = statOf(path);
  const isExposed = mode !== null && (mode & EVERYONE) !== 0;
  return {
    credentials: { token, ...(secret !== undefined && { secret }) },
    ...(isExposed && {
      warning:
        `${path} can be read or changed by every user of this machine; run chmod 600 ${path}`,
    }),
  };
}
