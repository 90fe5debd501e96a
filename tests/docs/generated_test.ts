import { assertEquals } from "@std/assert";
import { generatedFiles } from "../../docs/generate.ts";

Deno.test("generated files are what the step declarations give; `deno task docs` writes them", async () => {
  for (const [path, text] of Object.entries(await generatedFiles())) {
    const written = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    assertEquals(written === text, true, `${path} is out of date: run deno task docs`);
  }
});
