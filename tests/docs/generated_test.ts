import { assertEquals } from "@std/assert";
import { generateFiles } from "../../docs/generate.ts";

Deno.test("generated files and sections are what the code gives; `deno task docs` writes them", async () => {
  for (const [path, text] of Object.entries(await generateFiles())) {
    const written = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    assertEquals(written === text, true, `${path} is out of date: run deno task docs`);
  }
});
