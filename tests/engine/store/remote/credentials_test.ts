/** Addresses of servers, and the files with which a user proves who they are. */
import { assertEquals, assertThrows } from "@std/assert";
import { isAddress, parseAddress } from "../../../../src/engine/store/remote/address.ts";
import { readCredentials } from "../../../../src/engine/store/remote/credentials.ts";
import { DataError } from "../../../../src/errors.ts";
import { inFolder } from "../../scratch.ts";

const here = parseAddress("http://127.0.0.1:8080/gyrus/");
const secret = "k".repeat(32);

Deno.test("an address is no folder, and its host has a port", () => {
  assertEquals(["https://a/b", "HTTP://a", "s3://a"].map(isAddress), [true, true, true]);
  assertEquals([".gyrus", "/lab/cache", "C:/cache", "a:b"].map(isAddress), [
    false,
    false,
    false,
    false,
  ]);
  assertEquals(parseAddress("https://Cache.Lab/gyrus/"), {
    url: "https://cache.lab/gyrus",
    host: "cache.lab:443",
  });
  assertEquals(here, { url: "http://127.0.0.1:8080/gyrus", host: "127.0.0.1:8080" });
  assertEquals(parseAddress("http://[::1]/a").host, "[::1]:80");
});

Deno.test("an address with a password, a query or another scheme is refused, and shows no password", () => {
  for (
    const text of [
      "https://me:geheim@host/a",
      "https://host/?a",
      "https://host/#a",
      "ftp://host/a",
      "https://",
    ]
  ) {
    const { message } = assertThrows(() => parseAddress(text), DataError);
    assertEquals(message.includes("geheim"), false);
  }
});

Deno.test("a file has a token, and may have a secret; anything else is refused without being shown", () =>
  inFolder(async (folder) => {
    const path = `${folder}/token`;
    const read = async (text: string, mode = 0o600) => {
      await Deno.writeTextFile(path, text);
      await Deno.chmod(path, mode);
      return readCredentials(path, here);
    };
    assertEquals(await read("abc\n"), { credentials: { token: "abc" } });
    assertEquals(await read(`abc\r\n${secret}\r\n`), { credentials: { token: "abc", secret } });
    for (
      const text of [
        "",
        "\nabc",
        "a b",
        "a\nb\nc",
        `a\nshort`,
        `${secret}\n${secret}`,
        "x".repeat(20_000),
        "é",
      ]
    ) {
      const error = await read(text).then(() => undefined, (error) => error as DataError);
      assertEquals(error instanceof DataError, true, JSON.stringify(text));
      if (text.length > 3) assertEquals(error!.message.includes(text), false);
    }
  }));

Deno.test("a token file that others can read is reported with the command that closes it", () =>
  inFolder(async (folder) => {
    const path = `${folder}/token`;
    await Deno.writeTextFile(path, "abc\n");
    await Deno.chmod(path, 0o644);
    const { warning } = readCredentials(path, here);
    assertEquals(
      warning,
      `${path} can be read or changed by every user of this machine; run chmod 600 ${path}`,
    );
    await Deno.chmod(path, 0o640);
    assertEquals(readCredentials(path, here).warning, undefined);
  }));

Deno.test("no token is sent where it can be read on the way", () =>
  inFolder(async (folder) => {
    const path = `${folder}/token`;
    await Deno.writeTextFile(path, "abc\n", { mode: 0o600 });
    assertThrows(
      () => readCredentials(path, parseAddress("http://cache.lab/gyrus")),
      DataError,
      "https",
    );
    readCredentials(path, parseAddress("https://cache.lab/gyrus"));
  }));
