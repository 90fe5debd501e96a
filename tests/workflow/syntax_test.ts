import { assert, assertEquals } from "@std/assert";
import { read } from "./reading.ts";

const page = await Deno.readTextFile(new URL("../../workflows/SYNTAX.md", import.meta.url));

Deno.test("the examples of SYNTAX.md are valid and mean what the page states", async () => {
  const examples = [...page.matchAll(/```toml\n([^]*?)```/g)].map((match) => match[1]);
  const workflows = await Promise.all(examples.map((text) => read(text)));
  assertEquals(workflows.map(({ instances }) => instances.length), [3, 12, 2, 5]);
  assert(workflows[1].instances.some(({ name }) => name === "caps[kind=phantom,seed=2]"));
  assertEquals(workflows[2].publications.map(({ path }) => path), [
    "results/seed-1",
    "results/seed-2",
    "results/first",
  ]);
  assertEquals(workflows[3].searches?.map(({ name, sampler }) => [name, sampler]), [
    ["networks", "tpe"],
  ]);
});
