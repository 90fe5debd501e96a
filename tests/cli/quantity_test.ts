import { assertEquals } from "@std/assert";
import {
  countText,
  cutText,
  durationText,
  numberText,
  sizeText,
  tableText,
} from "../../src/cli/quantity.ts";

Deno.test("durations change unit where people do", () => {
  assertEquals(
    [0, 0.0404, 1, 9.94, 10, 59.4, 59.6, 61, 3600, 36_061].map(durationText),
    ["0 ms", "40 ms", "1.0 s", "9.9 s", "10 s", "59 s", "1:00", "1:01", "1:00:00", "10:01:01"],
  );
});

Deno.test("sizes have three digits and binary units", () => {
  assertEquals(
    [0, 1023, 1024, 1536, 1024 ** 2 * 10, 1024 ** 3 * 139].map(sizeText),
    ["0 B", "1023 B", "1.00 KiB", "1.50 KiB", "10.0 MiB", "139 GiB"],
  );
});

Deno.test("numbers have four digits, counts their noun", () => {
  assertEquals([3, 0.123456, 1e-7, 12345.678].map(numberText), ["3", "0.1235", "1e-7", "12350"]);
  assertEquals([countText(1, "step"), countText(0, "step")], ["1 step", "0 steps"]);
});

Deno.test("the widest columns of a table are cut until it fits", () => {
  const rows = [["train[fold=0]", "1:10", "the parameters have changed"], ["a", "2 s", "b"]];
  const lines = tableText(rows, [1], 30);
  assertEquals(lines, ["train[fold…  1:10  the parame…", "a             2 s  b"]);
  assertEquals([cutText("abc", 3), cutText("abcd", 3), cutText("", 0)], ["abc", "ab…", ""]);
});

Deno.test("tables pad every column but the last", () => {
  assertEquals(tableText([["a", "bb", "c"], ["aaa", "b", ""]], [1]), ["a    bb  c", "aaa   b"]);
});
