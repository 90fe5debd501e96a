import { assertEquals } from "@std/assert";
import { Project } from "../workflows.ts";

const STEP = `import { defineStep, z } from "gyrus";
export default defineStep({
  kind: "my.tables",
  version: 1,
  summary: "Makes tables",
  params: z.object({ p: z.number().describe("A number") }),
  inputs: {},
  outputs: {
    labels: { type: "labels", description: "Sessions" },
    maps: { type: "my.maps", description: "Files of a type of its own" },
  },
  run: ({ params }) =>
    Promise.resolve({
      labels: { files: { "table.tsv": "all " + params.p, "baseline.tsv": "first" } },
      maps: { files: { "a.txt": "a" } },
    }),
});
`;

Deno.test("a user's output is published as a file or a folder by its type, for every value of an axis", async () => {
  await using project = await Project.create();
  await project.write("tables.ts", STEP);
  await project.run(`
[steps.made]
uses = "./tables.ts"
matrix.p = [0, 0.5]
with.p = "\${matrix.p}"
[publish]
"out/labels-\${matrix.p}" = "made.labels"
"out/p-\${matrix.p}" = "made.maps"
`);
  assertEquals(await project.read("out/labels-0"), "all 0");
  assertEquals(await project.read("out/labels-0.5"), "all 0.5");
  assertEquals(await project.read("out/p-0/a.txt"), "a");
  assertEquals(await project.read("out/p-0.5/a.txt"), "a");
});
