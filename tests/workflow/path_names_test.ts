import { assertEquals } from "@std/assert";
import { z } from "zod";
import { pathParameter } from "../../src/workflow/path_parameter.ts";
import { defineStep } from "../../src/workflow/step.ts";

Deno.test("path parameters are known however they are wrapped", () => {
  const step = defineStep({
    kind: "x",
    version: 1,
    summary: "",
    params: z.object({
      bare: pathParameter(),
      described: pathParameter().describe("A path."),
      optional: pathParameter().optional(),
      preset: pathParameter().default("x").describe("A path."),
      list: z.array(pathParameter()).optional(),
      text: z.string(),
      texts: z.array(z.string()).default([]),
    }),
    inputs: {},
    outputs: {},
    runs: "inline",
    run: () => Promise.resolve({}),
  });
  assertEquals(step.pathParameters, ["bare", "described", "optional", "preset", "list"]);
});
