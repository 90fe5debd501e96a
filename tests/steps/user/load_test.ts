import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { WorkflowError } from "../../../src/errors.ts";
import { loadUserStep as loadFrom } from "../../../src/steps/user/load.ts";
import { readModuleGraph } from "../../../src/steps/user/module_graph.ts";
import { capsArtifact, recordingContext, stepFolder, stepText, stepTextOf } from "./fixture.ts";

const loadUserStep = (path: string) => loadFrom(path, "/");

const RETURN = (value: string) => `return { table: { files: { "table.tsv": ${value} } } };`;

Deno.test("a user's step reads its inputs, parameters and path parameters in a worker", async () => {
  await using fixture = await stepFolder();
  const path = await fixture.write(
    "count.ts",
    stepText(
      `
      const images = await context.inputs.caps.readText("images.tsv");
      const file = await context.get(await context.external(context.params.file));
      const stored = await context.put(new TextEncoder().encode("blob"));
      const memo = await context.memo(["a"], () => Promise.resolve(new Uint8Array([7])));
      context.log("read " + context.inputs.caps.meta.source);
      console.log("printed", { n: context.params.n });
      context.progress({ fraction: 0.5, metrics: { loss: 1 } });
      return {
        table: {
          meta: { rows: Number(greeting.length) },
          files: {
            "table.tsv": images + new TextDecoder().decode(file) + context.params.n,
            "blob": stored,
            "memo": memo,
          },
        },
      };`,
      'import { greeting } from "./greeting.ts";',
    ),
  );
  await fixture.write("greeting.ts", 'export const greeting: string = "hello";\n');
  const kind = await loadUserStep(path);
  assertEquals(kind.kind, "my.step");
  assertEquals(kind.runs, "inline");
  assertEquals(kind.pathParameters, ["file"]);
  assertEquals(kind.params.parse({}), { n: 3 });
  assertEquals(kind.params.shape.n.description, "A number");
  assert(!kind.params.safeParse({ n: 10 }).success);

  const file = await fixture.write("data.txt", "<data>");
  const { context, logs } = recordingContext({ n: 4, file }, { caps: capsArtifact("<images>") });
  const { table } = await kind.run(context);
  assertEquals(table.meta, { rows: 5 });
  assertEquals(table.files?.["table.tsv"], "<images><data>4");
  assertEquals(Object.keys(table.files ?? {}), ["table.tsv", "blob", "memo"]);
  assertEquals(logs, ["read caps", "printed { n: 4 }", '{"fraction":0.5,"metrics":{"loss":1}}']);
});

Deno.test("the digest follows every module and its data, not their place or their names", async () => {
  const files: Record<string, string> = {
    "step.ts": stepText(
      RETURN("a"),
      'import { a } from "./a.ts";\nimport table from "./table.json" with { type: "json" };',
    ),
    "a.ts": 'import "./b.js";\nexport const a = "a";\n',
    "b.js": "export {};\n",
    "table.json": "[1]",
    "unrelated.ts": "",
  };
  async function digest(changes: Record<string, string> = {}, entry = "step.ts") {
    await using fixture = await stepFolder();
    for (const [name, text] of Object.entries({ ...files, ...changes })) {
      await fixture.write(name === "step.ts" ? entry : name, text);
    }
    return readModuleGraph(`${fixture.folder}/${entry}`).digest;
  }
  const original = await digest();
  assertEquals(await digest(), original, "another folder");
  assertEquals(await digest({}, "renamed.ts"), original, "another name");
  assertEquals(await digest({ "unrelated.ts": "1;" }), original, "a file that is not imported");
  for (const name of ["step.ts", "a.ts", "b.js", "table.json"]) {
    assertNotEquals(await digest({ [name]: `${files[name]}\n` }), original, name);
  }
});

Deno.test("type imports, cycles and files in the step's folder are allowed", async () => {
  await using fixture = await stepFolder();
  const path = await fixture.write(
    "step.ts",
    stepText(RETURN('a(["x"])'), 'import { a } from "./a.ts";'),
  );
  await fixture.write(
    "a.ts",
    'import type { Z } from "../nowhere.ts";\nimport * as step from "./step.ts";\n' +
      "export const a = (x: readonly string[]): string => `${x}${typeof step}`;\n",
  );
  const kind = await loadUserStep(path);
  const { table } = await kind.run(recordingContext().context);
  assertEquals(table.files?.["table.tsv"], "xobject");
});

Deno.test("imports from outside are refused with their lines before anything runs", async () => {
  await using fixture = await stepFolder();
  await Deno.symlink("../outside.ts", `${fixture.folder}/link.ts`);
  const cases: [line: string, message: string][] = [
    ['import secret from "../secret.txt" with { type: "text" };', "outside the step's folder"],
    ['import secret from "../secret.json" with { type: "json" };', "outside the step's folder"],
    ['import { secret } from "../outside.ts";', "outside the step's folder"],
    ['import { secret } from "./%2e%2e/outside.ts";', "outside the step's folder"],
    ['export { secret } from "../outside.ts";', "outside the step's folder"],
    ['import { secret } from "./link.ts";', "outside the step's folder"],
    ['import "https://example.org/mod.ts";', 'must not import "https://example.org/mod.ts"'],
    ['import "npm:zod@4.6.7";', "must not import"],
    ['import { z as zod } from "zod";', "must not import"],
    ['import fs from "node:fs";', "must not import"],
    ['import "data:text/javascript,1";', "must not import"],
    [`import "${new URL("outside.ts", import.meta.url)}";`, "must not import"],
    ['import "./query.ts?x";', "must not import"],
    ['import "./module.wasm";', "is not a TypeScript or JavaScript module"],
    ['const { secret } = await import("../outside.ts");', "must not import while it runs"],
    ["const load = (path: string) => import(path);", "must not import while it runs"],
    ['import "./missing.ts";', "there is no module"],
    ["const = 1;", "Unexpected token"],
  ];
  for (const [line, message] of cases) {
    const path = await fixture.write("step.ts", `// first\n${line}\n${stepText(RETURN('""'))}`);
    const error = await assertRejects(() => loadUserStep(path), WorkflowError, message, line);
    assertEquals(error.issues.length, 1, line);
    assertEquals(error.issues[0].location?.file, path);
    assertEquals(error.issues[0].location?.line, 2, line);
  }
  assertThrows(() => readModuleGraph(`${fixture.folder}/none/step.ts`), WorkflowError, "no module");
});

Deno.test("what a step reaches for while it runs is refused, in its own terms", async () => {
  await using fixture = await stepFolder();
  const secret = `${fixture.folder}/../secret.txt`;
  const cases: [run: string, message: string][] = [
    [
      `await Deno.readTextFile(${JSON.stringify(secret)});`,
      "uses Deno, which a step does not have",
    ],
    ['await fetch("https://example.org");', "uses fetch, which a step does not have"],
    ['eval("1");', "uses eval, which a step does not have"],
    [`await new Function("return import('${secret}')")();`, "must not make code from text"],
    [`await context.external(${JSON.stringify(secret)});`, "not named by a path parameter"],
    ['await context.get({ digest: "sha256-0", size: 1 });', "none of its inputs"],
    ['await context.inputs.caps.read("none");', "no such file"],
    [
      'return { table: { files: { x: { digest: "sha256-0", size: 1 } } } };',
      "none of its inputs",
    ],
    ["return 5;", "must return an object"],
    ["return { table: { files: { x: 5 } } };", "must be text, bytes or a blob"],
    ["return { table: { meta: { x: new Map() } } };", "run › table › meta › x"],
    ["await context.put('text');", "put › 0"],
  ];
  const text = stepTextOf(cases.map(([run]) => run));
  const kind = await loadUserStep(await fixture.write("step.ts", text));
  for (const [index, [run, message]] of cases.entries()) {
    const { context } = recordingContext({ n: index }, { caps: capsArtifact("") });
    const error = await assertRejects(async () => await kind.run(context), Error, message, run);
    assert(!error.message.includes("a secret"), run);
  }
});

Deno.test("the declaration itself is read without permissions", async () => {
  await using fixture = await stepFolder();
  const line = `const secret = Deno.readTextFileSync(${
    JSON.stringify(`${fixture.folder}/../secret.txt`)
  });`;
  const path = await fixture.write("step.ts", stepText(RETURN("secret"), line));
  await assertRejects(() => loadUserStep(path), WorkflowError, "uses Deno, which a step");
});

Deno.test("a module that declares no step is refused with what is missing", async () => {
  await using fixture = await stepFolder();
  const good = stepText(RETURN('""'));
  const cases: [text: string, message: string][] = [
    ["export const x = 1;", "it has no `export default defineStep"],
    [good.replace("version: 1", "version: 0.5"), "`version` must be a whole number"],
    [good.replace("z.object({", "({"), "`params` must be a z.object"],
    [good.replace('runs: "worker"', 'runs: "device"'), 'does not run on the "device"'],
    [good.replace("async run(context)", "async walk(context)"), "`run` must be a function"],
    ['throw new Error("broken at load");', "broken at load"],
  ];
  for (const [text, message] of cases) {
    const path = await fixture.write("step.ts", text);
    await assertRejects(() => loadUserStep(path), WorkflowError, message);
  }
});

Deno.test("the text that was hashed is the text that runs, whatever happens to its file", async () => {
  await using fixture = await stepFolder();
  const line = 'import { value } from "./value.ts";';
  const path = await fixture.write("step.ts", stepText(RETURN("value"), line));
  await fixture.write("value.ts", 'export const value = "hashed";');
  const kind = await loadUserStep(path);
  await fixture.write("value.ts", 'export const value = "swapped";');
  await Deno.remove(path);
  const { table } = await kind.run(recordingContext().context);
  assertEquals(table.files, { "table.tsv": "hashed" });
});

Deno.test("an interrupt reaches the step, which may save its work", async () => {
  await using fixture = await stepFolder();
  const path = await fixture.write(
    "step.ts",
    stepText(`
      context.log("started");
      await new Promise((_, reject) =>
        context.signal.addEventListener("abort", () => reject(new Error("stopped"))));`),
  );
  const kind = await loadUserStep(path);
  const abort = new AbortController();
  const { context } = recordingContext({ n: 3 }, {}, abort.signal);
  const started = Promise.withResolvers<void>();
  const running = kind.run({ ...context, log: () => started.resolve() });
  await started.promise;
  const reason = new DOMException("interrupted", "AbortError");
  abort.abort(reason);
  assertEquals(await running.catch((error: unknown) => error), reason);
});
