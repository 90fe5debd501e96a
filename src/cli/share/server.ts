/** The server of a cache, as a command uses it. */
import type { ServerAddress } from "../../engine/store/remote/address.ts";
import { type Credentials, readCredentials } from "../../engine/store/remote/credentials.ts";
import { HttpTier } from "../../engine/store/remote/http_tier.ts";
import type { Store } from "../../engine/store/store.ts";
import { asTyped } from "../hint.ts";
import type { Output } from "../terminal.ts";

/** A tier that a store reads from, with what proves who its user is. */
export interface AttachedServer {
  tier: HttpTier;
  credentials: Credentials;
}

/**
 * Lets a store read from a server.
 *
 * @param tokenPath of the file with the token; none is sent without it
 * @param err where problems are reported that stop nothing
 * @throws {DataError} when the file of the token can't be used
 */
export function attachServer(
  store: Store,
  server: ServerAddress,
  tokenPath: string | undefined,
  err: Output,
): AttachedServer {
  const warn = (text: string) => err.line(`${err.paint("warning", "yellow")}: ${asTyped(text)}`);
  const { credentials = {}, warning } = tokenPath === undefined
    ? {}
    : readCredentials(tokenPath, server);
  if (warning !== undefined) warn(warning);
  const tier = new HttpTier(store, server, credentials);
  tier.onLost = (problem) => warn(`${server.url} ${problem}; what it would have had is computed`);
  store.shared = tier;
  return { tier, credentials };
}
