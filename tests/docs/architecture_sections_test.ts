import { assertEquals, assertThrows } from "@std/assert";
import {
  artifactsSection,
  foldersSection,
  reduceTransitively,
  replaceSection,
} from "../../docs/architecture_sections.ts";

Deno.test("edges that longer paths imply are left out", () => {
  const edges = new Map([
    ["a", new Set<string>()],
    ["b", new Set(["a"])],
    ["c", new Set(["a", "b"])],
    ["d", new Set(["a", "b", "c"])],
    ["e", new Set(["a", "c"])],
  ]);
  assertEquals([...reduceTransitively(edges)].map(([path, to]) => [path, [...to]]), [
    ["a", []],
    ["b", ["a"]],
    ["c", ["b"]],
    ["d", ["c"]],
    ["e", ["c"]],
  ]);
});

Deno.test("folders are drawn with arrows to those that import them, and listed with their jobs", () => {
  const folders = [
    { path: "src/a", job: "one", imports: [] },
    { path: "mod.ts", job: "two", imports: ["src/a"] },
  ];
  assertEquals(foldersSection(folders).split("\n"), [
    "```mermaid",
    "graph BT",
    '  src_a["src/a"]',
    '  mod_ts["mod.ts"]',
    "  src_a --> mod_ts",
    "```",
    "",
    "- `src/a`: one",
    "- `mod.ts`: two",
  ]);
});

Deno.test("artifact types have a row a file and a row a field, and share rows that are equal", () => {
  const files = [["a.tsv", "rows"], ["b.json", "facts"]] as const;
  const table = artifactsSection([
    { type: "x", files, meta: [["size", "bytes"]] },
    { type: "y", files, meta: [["size", "bytes"]] },
    { type: "z", files: [["c.png", "a picture"]], meta: [["seed", "of it"], ["count", "of it"]] },
  ]);
  assertEquals(table.split("\n").slice(2), [
    "| `x`, `y` | `a.tsv` | rows |",
    "|  | `b.json` | facts |",
    "|  | `meta.size` | bytes |",
    "| `z` | `c.png` | a picture |",
    "|  | `meta.seed`, `meta.count` | of it |",
  ]);
});

Deno.test("a section is replaced between its markers, which must exist", () => {
  const text = "before\n<!-- x -->\n\nold\n\n<!-- /x -->\nafter\n";
  assertEquals(replaceSection(text, "x", "new"), text.replace("old", "new"));
  assertThrows(() => replaceSection(text, "y", "new"), Error, "no section <!-- y -->");
});
