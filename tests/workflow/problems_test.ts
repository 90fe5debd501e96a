import { assertEquals } from "@std/assert";
import { issues } from "./reading.ts";

Deno.test("of a problem at each point of a matrix only some are reported", async () => {
  const text = `version = 1
[steps.sets]
uses = "caps.generate"
matrix.n = [1, 2]
with = { kind = "random", seed = "\${matrix.n}" }
[steps.labels]
uses = "labels.get"
matrix.n = { range = 1000 }
in.caps = "sets"
`;
  const blocks = (await issues(text)).split("\n\n");
  assertEquals(blocks.length, 6);
  assertEquals(
    blocks[5],
    `a.toml:9:11
9 | in.caps = "sets"
  |           ^^^^^^
and 993 more like these`,
  );
});
