/** Addresses of caches that a server has, among the folders of `--cache A,B,https://HOST/PATH`. */
import { DataError } from "../../../errors.ts";

export interface ServerAddress {
  /** Without a slash at its end. */
  url: string;
  /** As the runtime names it in a permission, such as `cache.lab:443`. */
  host: string;
}

/** Whether a tier of a cache is an address; a folder otherwise. */
export function isAddress(tier: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(tier);
}

/** @throws {DataError} on what is no plain http or https address */
export function parseAddress(text: string): ServerAddress {
  const fail = (problem: string) => new DataError(text, problem);
  if (!URL.canParse(text)) throw fail("is no address; write https://HOST/PATH");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw fail("a cache on another machine has an https or http address");
  }
  if (url.username !== "" || url.password !== "") {
    // Not the text itself: it would show the password.
    const { host } = url;
    throw new DataError(host, "write no password into an address; name a file by --cache-token");
  }
  if (url.search !== "" || url.hash !== "") throw fail("an address of a cache has no ? and no #");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return { url: url.href.replace(/\/+$/, ""), host: `${url.hostname}:${port}` };
}

/** Whether what is sent there can be read on the way. */
export function isReadableOnTheWay({ url }: ServerAddress): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
