import { assertEquals } from "@std/assert";
import { loadKind, stepModules } from "../../src/steps/mod.ts";

Deno.test("every step kind is listed under its own name", async () => {
  for (const name of Object.keys(stepModules)) assertEquals((await loadKind(name))?.kind, name);
  assertEquals(await loadKind("toString"), undefined);
});
