import { assertEquals } from "@std/assert";
import { posix } from "node:path";
import { basename, dirname, relative, resolve } from "../../src/workflow/paths.ts";

const PATHS = [
  "/",
  "/a",
  "/a/b",
  "/a/b/",
  "/a/b c/d.toml",
  "/a//b/./c/../d",
  "/../..",
  "/x#y/%20",
  "/a\nb/c\nd.toml",
];
const ENDS = ["", ".", "..", "e", "./e/f/", "../../../g", "e//..//h.toml", "/other", "..e", ".f"];

Deno.test("resolve, dirname, basename and relative agree with node:path", () => {
  for (const path of PATHS) {
    for (const end of ENDS) {
      assertEquals(resolve(path, end), posix.resolve(path, end));
      assertEquals(relative(path, resolve(path, end)), posix.relative(path, resolve(path, end)));
    }
    const whole = posix.resolve(path);
    assertEquals(resolve(path), whole);
    assertEquals(dirname(whole), posix.dirname(whole));
    assertEquals(basename(path), posix.basename(whole));
  }
});

Deno.test("a path that starts nowhere starts from the current folder", {
  ignore: Deno.build.os === "windows",
}, () => {
  for (const end of ENDS) {
    assertEquals(resolve(end), posix.resolve(end));
    assertEquals(resolve("a", end), posix.resolve("a", end));
  }
  assertEquals(resolve(), Deno.cwd());
});
