import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../src/errors.ts";
import { parseJson, parseJsonBytes } from "../src/json.ts";

Deno.test("parseJson returns what JSON.parse returns", () => {
  const text = '{"a [{": ["\\\\", "\\"]", {"b": [1, null]}], "__proto__": 1, "": "\\\\\\""}';
  assertEquals(parseJson(text, "a.json"), JSON.parse(text));
  assertEquals(parseJsonBytes(new TextEncoder().encode('"é"'), "a.json"), "é");
});

Deno.test("parseJson names the file and the line, never what the file holds", () => {
  const { message } = assertThrows(() => parseJson("{\n\n  root:x:0\n}", "shadow"), DataError);
  assertEquals(message, "shadow: line 3: not JSON");
  assertThrows(() => parseJson('["open', "a"), DataError, "a: line 1: not JSON");
  assertThrows(() => parseJsonBytes(Uint8Array.of(0x22, 0xff, 0x22), "a"), DataError, "UTF-8");
});

Deno.test("parseJson refuses what is deeper, longer or more than its limits", () => {
  const limits = { depth: 2, length: 20, values: 5 };
  assertEquals(parseJson("[[1],[2]]", "a", limits), [[1], [2]]);
  assertThrows(() => parseJson("[[[1]]]", "a", limits), DataError, "deeper than the 2 levels");
  assertThrows(() => parseJson("[1,2,3,4,5]", "a", limits), DataError, "the 5 values");
  assertThrows(() => parseJson(`"${"a".repeat(20)}"`, "a", limits), DataError, "20 characters");
  const start = performance.now();
  assertThrows(() => parseJson("[".repeat(1e7), "a"), DataError, "64 levels");
  assert(performance.now() - start < 1000);
});
