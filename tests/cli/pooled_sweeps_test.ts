import { assertEquals } from "@std/assert";
import { Project } from "./project.ts";

const GATHER = `import { defineStep, z } from "gyrus";

export default defineStep({
  kind: "gather",
  version: 1,
  summary: "Gathers",
  params: z.object({
    group_by: z.array(z.string()).default([]).describe("Axes to keep apart"),
  }),
  inputs: { before: { types: ["table"], description: "Tables", many: true } },
  outputs: { table: { type: "table", description: "One" } },
  run: () => ({ table: { files: { "table.tsv": "n\\n" } } }),
});
`;

Deno.test("plan reports a swept parameter whose values a step would pool, and how to keep them apart", async () => {
  await using project = await Project.make();
  await project.write("gather.ts", GATHER);
  await project.write(
    "flow.toml",
    'version = 1\n[steps.each]\nuses = "./count.ts"\nmatrix.k = [1, 2]\nwith.n = "${matrix.k}"\n' +
      '[steps.all]\nuses = "./gather.ts"\nin.before = "each[*]"\n',
  );
  const sweep = ["plan", "flow.toml", "--sweep", "each.milliseconds=0,1"];
  const pooled = await project.gyrus(...sweep);
  assertEquals(
    pooled.err,
    "warning: all pools the values of milliseconds; " +
      `--set 'all.group_by=["milliseconds"]' scores them separately\n`,
  );
  assertEquals((await project.gyrus(...sweep, "--set", 'all.group_by=["milliseconds"]')).err, "");
  assertEquals((await project.gyrus("plan", "flow.toml")).err, "");
});
