import { assertEquals, assertMatch } from "@std/assert";
import { fileLines } from "../../src/cli/content.ts";
import type { Artifact } from "../../src/workflow/step.ts";

Deno.test("long fractions of a table are shown with four digits, other cells as they are", async () => {
  const text = "fold\tBA\tid\n0\t0.6666666666666666\t1.5\n1\t1e-7\t12345.678901\n";
  const artifact = {
    read: () => Promise.resolve(new TextEncoder().encode(text)),
  } as unknown as Artifact;
  assertEquals(await fileLines(artifact, "table.tsv", Infinity), [
    "fold  BA      id",
    "0     0.6667  1.5",
    "1     1e-7    12345.678901",
  ]);
});

Deno.test("a table fits a narrow terminal, and cut cells are marked", async () => {
  const text = `participant\tdescription\tn\nsub-01\t${"long ".repeat(30)}\t5\n`;
  const artifact = {
    read: () => Promise.resolve(new TextEncoder().encode(text)),
  } as unknown as Artifact;
  const lines = await fileLines(artifact, "table.tsv", 60);
  assertEquals(lines.map((line) => line.length <= 60), [true, true]);
  assertMatch(lines[1], /^sub-01 +long long .*… +5$/);
});
