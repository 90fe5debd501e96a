import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError, WorkflowError } from "../../../src/errors.ts";
import { loadUserStep as loadFrom } from "../../../src/steps/user/load.ts";
import { readModuleGraph } from "../../../src/steps/user/module_graph.ts";
import { declareInSandbox } from "../../../src/steps/user/sandbox.ts";
import { ATTACKS, CRASHES, MAKE_ATTACKS } from "./attacks.ts";
import { capsArtifact, recordingContext, stepFolder, stepText, stepTextOf } from "./fixture.ts";

const loadUserStep = (path: string) => loadFrom(path, "/");

Deno.test("no known attack of a step reaches anything", async () => {
  await using fixture = await stepFolder();
  const kind = await loadUserStep(await fixture.write("step.ts", stepText(MAKE_ATTACKS)));
  const { context, logs } = recordingContext();
  await kind.run(context);
  assert(Object.keys(ATTACKS).length > 30);
  assertEquals(logs, ["reached: "]);
});

Deno.test("an error outside any call, or one that is hard to report, fails the step alone", async () => {
  await using fixture = await stepFolder();
  const kind = await loadUserStep(await fixture.write("step.ts", stepTextOf(CRASHES)));
  for (const index of CRASHES.keys()) {
    const { context } = recordingContext({ n: index });
    const error = await assertRejects(async () => await kind.run(context), Error);
    assert(error.name !== "AbortError", "an abort that nobody asked for is a failure");
  }
});

Deno.test("checkpoints have whole positions up to the chain's end, and nothing becomes a path", async () => {
  await using fixture = await stepFolder();
  const text = stepText(`
    const odd = ["../../x", "", "5", null, {}, [], NaN, Infinity, -1, 1.5, 1e300, 4];
    for (const position of [...odd, 3]) {
      try {
        await context.checkpoints.save(position, { files: { x: "y" } }, { final: "../x" });
      } catch (error) {
        context.log(error.message);
      }
    }
    return {};`).replace('summary: "', 'chain: "n",\n  summary: "');
  const kind = await loadUserStep(await fixture.write("step.ts", text));
  const { context, logs } = recordingContext({ n: 3 });
  const saved: unknown[] = [];
  const checkpoints = {
    latest: () => Promise.resolve(undefined),
    save: (...args: unknown[]) => Promise.resolve(void saved.push(args)),
  };
  await kind.run({ ...context, checkpoints });
  assertEquals(saved, [[3, { meta: undefined, files: { x: "y" } }, { final: false }]]);
  assertEquals(logs.length, 12);
});

Deno.test("the engine knows the size of what a step reads and returns", async () => {
  await using fixture = await stepFolder();
  const text = stepText(`
    const { digest } = context.inputs.caps.files[0];
    const bytes = await context.get({ digest, size: 1 });
    return { table: { files: { "a": { digest, size: 2e9 }, "b": bytes } } };`);
  const kind = await loadUserStep(await fixture.write("step.ts", text));
  const caps = capsArtifact("<images>");
  const asked: unknown[] = [];
  const { context } = recordingContext({ n: 3 }, { caps });
  const get = async (blob: { digest: string; size: number }) => {
    asked.push(blob.size);
    return await caps.read("images.tsv");
  };
  const { table } = await kind.run({ ...context, get });
  assertEquals(asked, [8]);
  const { digest } = caps.files[0];
  assertEquals(table.files, { a: { digest, size: 8 }, b: await caps.read("images.tsv") });
});

Deno.test("a declaration that takes too long is stopped", async () => {
  await using fixture = await stepFolder();
  const path = await fixture.write("step.ts", stepText("return {};", "for (;;) {}"));
  await assertRejects(
    () => declareInSandbox(path, readModuleGraph(path), 0.3),
    WorkflowError,
    "stopped after 0.3 s",
  );
});

Deno.test("a pattern is checked in the worker, never on the main thread", async () => {
  await using fixture = await stepFolder();
  const text = stepText("return {};").replace(
    "z.int().min(1).max(9)",
    "z.string().regex(/^(a+)+$/)",
  ).replace("default(3)", 'default("a")');
  const kind = await loadUserStep(await fixture.write("step.ts", text));
  const start = performance.now();
  assert(kind.params.safeParse({ n: "a".repeat(40) + "b" }).success);
  assert(performance.now() - start < 1000);
  const { context } = recordingContext({ n: "b" });
  await assertRejects(async () => await kind.run(context), Error, "n");
});

Deno.test("a path that only the step names is no file that it may read", async () => {
  await using fixture = await stepFolder();
  const secret = JSON.stringify(`${fixture.folder}/../secret.txt`);
  const run = `return { table: { files: { x: await context.external(${secret}) } } };`;
  const text = stepText(run).replace(
    "pathParameter().optional()",
    `pathParameter().default(${secret})`,
  );
  const kind = await loadUserStep(await fixture.write("step.ts", text));
  assertEquals(kind.params.safeParse({}).success, false);
  const file = await fixture.write("data.txt", "<data>");
  const { context } = recordingContext({ n: 3, file });
  await assertRejects(async () => await kind.run(context), DataError, "is not named by a path");
});

Deno.test("a declaration that would mislead elsewhere is refused", async () => {
  await using fixture = await stepFolder();
  const good = stepText("return {};");
  const cases: [text: string, message: string][] = [
    [good.replace('"my.step"', '"a\\x1b[31m/../\\nforged"'), "declare › kind: must be a name"],
    [good.replace('"my.step"', '"x".repeat(300)'), "declare › kind"],
    [good.replace('"A step of a test"', '"one\\nforged"'), "declare › summary: must be one line"],
    [good.replace("caps: {", '"../x": {'), "declare › inputs › ../x"],
    [good.replace("table: {", '"a b": {'), "declare › outputs › a b"],
    [good.replace("n: z", '"../n": z'), "a parameter's name"],
    [good.replace('runs: "worker"', 'chain: "none"'), 'it has no parameter "none"'],
  ];
  for (const [text, message] of cases) {
    const path = await fixture.write("step.ts", text);
    await assertRejects(() => loadUserStep(path), WorkflowError, message);
  }
});

Deno.test("a module is walked again where it is imported as text and as code", async () => {
  await using fixture = await stepFolder();
  await fixture.write("inner.ts", 'import fs from "node:fs";\nexport const got = fs;\n');
  const path = await fixture.write(
    "step.ts",
    stepText(
      "return {};",
      'import text from "./inner.ts" with { type: "text" };\nimport { got } from "./inner.ts";',
    ),
  );
  const error = await assertRejects(() => loadUserStep(path), WorkflowError, "node:fs");
  assertEquals(error.issues[0].location?.file, `${fixture.folder}/inner.ts`);
});

Deno.test("imports find the given modules and nothing else, whatever the permissions", async () => {
  await using fixture = await stepFolder();
  const worker = new Worker(new URL("./confined_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: "inherit" },
  });
  const answer = Promise.withResolvers<Record<string, string>>();
  worker.onmessage = ({ data }) => answer.resolve(data);
  const url = (name: string) =>
    new URL(`file://${fixture.folder.replaceAll(" ", "%20")}/${name}`).href;
  const outside = url("../outside.ts");
  worker.postMessage({
    modules: [
      {
        url: url("a.ts"),
        text: 'import t from "./t.txt" with { type: "text" }; export default t;',
      },
      { url: url("t.txt"), type: "text", text: "given" },
    ],
    specifiers: [
      url("a.ts"),
      url("t.txt"),
      outside,
      "node:fs",
      "fs",
      "node:worker_threads",
      "npm:zod@4.6.7",
      "jsr:@std/toml",
      "https://example.org/x.ts",
      "data:text/javascript,1",
      "blob:null/x",
      "zod",
    ],
  });
  const found = await answer.promise;
  worker.terminate();
  const [[first, given], ...others] = Object.entries(found);
  assertEquals([first, given], [url("a.ts"), "given"]);
  for (const [specifier, message] of others) {
    assert(message.includes("a step must not import"), specifier);
  }
});
