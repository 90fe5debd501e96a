import { assertEquals } from "@std/assert";
import { parseBytes, parseDuration } from "../../src/workflow/quantities.ts";

Deno.test("durations and sizes are read with their units", () => {
  assertEquals(parseDuration("1h30m"), 5400);
  assertEquals(parseDuration("250ms"), 0.25);
  assertEquals(parseDuration("2 d"), 172800);
  assertEquals(parseDuration(90), 90);
  for (const wrong of ["", "h", "1", "-1s", 0, -1, "1y", true]) {
    assertEquals(parseDuration(wrong), undefined);
  }
  assertEquals(parseBytes("8GiB"), 8 * 1024 ** 3);
  assertEquals(parseBytes("1.5 MB"), 1.5e6);
  assertEquals(parseBytes("512B"), 512);
  for (const wrong of ["8", "8 gigs", "1iB", -1, 0.5, "0B"]) {
    assertEquals(parseBytes(wrong), undefined);
  }
});
