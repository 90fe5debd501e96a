/** Names that every JavaScript object inherits, as names of steps, parameters, outputs and kinds. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { decodeLock, encodeLock, findDrift, lockOf } from "../../src/engine/plan/lock_file.ts";
import { run } from "../../src/engine/run/run.ts";
import { readRun } from "../../src/engine/run/run_folder.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { defineStep } from "../../src/workflow/step.ts";
import { validateParams } from "../../src/workflow/expand/parameters.ts";
import { issues, read } from "../workflow/reading.ts";
import { inFolder } from "./scratch.ts";
import { toyWorkflow } from "./toy_workflow.ts";

const NAMES = ["constructor", "toString", "valueOf", "hasOwnProperty"];

Deno.test("steps with the names of inherited properties run, rerun and give reasons", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const workflowOf = (text: string) =>
      toyWorkflow(
        Object.fromEntries(NAMES.map((name) => [name, { uses: "constant", with: { text } }])),
        { folder },
      );
    assertEquals((await run(store, workflowOf("one"), {})).status, "done");
    const changed = await run(store, workflowOf("two"), {});
    assertEquals(changed.status, "done");
    const [{ reasons }] = readRun(store, changed.id!)!.instances;
    assertEquals(reasons.map(({ cause }) => cause), ["parameter"]);
    assertEquals((await run(store, workflowOf("two"), {})).counts.cached, NAMES.length);
    const lock = decodeLock(encodeLock(lockOf(changed.plan)))!;
    assertEquals(findDrift(lock, changed.plan), []);
  });
});

/** A kind that grew parameters, an input and an output with such names. */
const kindOf = (shape: z.ZodRawShape, kind = "odd") =>
  defineStep({
    kind,
    version: 1,
    summary: "Has odd names.",
    params: z.object(shape),
    inputs: { valueOf: { types: ["value"], description: "a text", optional: true } },
    outputs: { constructor: { type: "value", description: "a text" } },
    runs: "inline",
    run: () => Promise.resolve({ constructor: { files: { toString: "text" } } }),
  });

Deno.test("a parameter that is new and has an inherited name is a reason to run", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const text = z.string().default("a").describe("a text");
    const before = toyWorkflow({ a: { uses: kindOf({ seed: text }) } }, { folder });
    const after = toyWorkflow({
      a: { uses: kindOf({ seed: text, toString: text, constructor: text }) },
    }, {
      folder,
    });
    assertEquals((await run(store, before, {})).status, "done");
    const { id, status } = await run(store, after, {});
    assertEquals(status, "done");
    assertEquals(
      readRun(store, id!)!.instances[0].reasons.map((reason) => "name" in reason && reason.name),
      ["constructor", "toString"],
    );
  });
});

Deno.test("a lock file keeps a kind called __proto__", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const workflow = toyWorkflow({ a: { uses: kindOf({}, "__proto__") } }, { folder });
    const { plan } = await run(store, workflow, {});
    assertEquals(Object.keys(lockOf(plan).kinds), ["__proto__"]);
  });
});

Deno.test("workflow files may use such names for steps, params, axes and defaults", async () => {
  const text = `version = 1
[params]
constructor = 1
toString = [1, 2]
[steps.constructor]
uses = "caps.generate"
with = { kind = "phantom", seed = "\${matrix.valueOf}", n_subjects = "\${params.constructor}" }
matrix.valueOf = "\${params.toString}"
`;
  const workflow = await read(text);
  assertEquals(workflow.instances.map(({ name }) => name), [
    "constructor[valueOf=1]",
    "constructor[valueOf=2]",
  ]);
  const unknown = await issues(`${text}[publish]\nx = "toString"\ny = "\${params.valueOf}"\n`);
  assertEquals(unknown.includes('there is no step "toString"'), true, unknown);
  assertEquals(unknown.includes('[params] has no "valueOf"'), true, unknown);
});

Deno.test("the origin of a default with such a name is the default", () => {
  const kind = kindOf({ toString: z.string().default("a").describe("a text") });
  const result = validateParams(kind, {}, "/");
  assertEquals(result, { params: { toString: "a" } });
});
