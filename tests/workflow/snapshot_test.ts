import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Instance, Workflow } from "../../src/workflow/graph.ts";
import { readSnapshot, writeSnapshot } from "../../src/workflow/snapshot.ts";
import type { Artifact, PublishTarget, StepKind } from "../../src/workflow/step.ts";
import { base, experiment, read } from "./reading.ts";
import { toyKinds } from "./toy_kinds.ts";

const load = (name: string): Promise<StepKind> =>
  Promise.resolve(toyKinds.find(({ kind }) => kind === name)!);

/** As it would be recorded: a field that is undefined is none. */
const plain = ({ kind, ...instance }: Instance) =>
  JSON.parse(JSON.stringify({ ...instance, uses: kind.kind }));

Deno.test("a snapshot has every instance, publication, text and place of the workflow", async () => {
  const workflow = await read(experiment);
  const restored = await readSnapshot(writeSnapshot(workflow)!, load);
  assertEquals(restored.instances.map(plain), workflow.instances.map(plain));
  assertEquals(
    restored.steps.map(({ name, axes, place, instances }) => [name, axes, place, instances.length]),
    workflow.steps.map(({ name, axes, place, instances }) => [name, axes, place, instances.length]),
  );
  const facts = ({ name, file, folder, params, publications, reports, sources }: Workflow) =>
    JSON.stringify({ name, file, folder, params, publications, reports, sources: [...sources] });
  assertEquals(facts(restored), facts(workflow));
  const { place } = workflow.publications[0];
  assertEquals(await restored.locate(place), await workflow.locate(place));
});

Deno.test("a step kind of a snapshot has what keys need, and no schema", async () => {
  const workflow = await read(experiment);
  const restored = await readSnapshot(writeSnapshot(workflow)!, load);
  for (const [index, { kind }] of restored.steps.entries()) {
    const real = workflow.steps[index].kind;
    for (
      const fact of [
        "kind",
        "version",
        "runs",
        "chain",
        "unkeyed",
        "inputs",
        "pathParameters",
      ] as const
    ) {
      assertEquals(kind[fact], real[fact]);
    }
    assertThrows(() => kind.params, TypeError, `a snapshot has no schema of ${kind.kind}`);
  }
});

Deno.test("a kind that reads the outside world is loaded; another only to run", async () => {
  const text = `version = 1
[steps.caps]
uses = "caps.open"
with.path = "data"
[steps.labels]
uses = "labels.get"
in.caps = "caps"
`;
  const loaded: string[] = [];
  const restored = await readSnapshot(writeSnapshot(await read(text))!, (name) => {
    loaded.push(name);
    return load(name);
  });
  assertEquals(loaded, ["caps.open"]);
  assertEquals(await restored.steps[1].kind.run({} as never), {});
  assertEquals(loaded, ["caps.open", "labels.get"]);
});

Deno.test("files that a step kind writes itself are written by it", async () => {
  const written: string[] = [];
  const kinds = toyKinds.map((kind): StepKind =>
    kind.kind !== "labels.get" ? kind : {
      ...kind,
      outputs: (params) => ({
        labels: {
          type: "labels",
          description: "",
          publish: (_, target) => target.write("a", String(params.diagnoses)),
        },
      }),
    }
  );
  const workflow = await read(`${base}\n[publish]\n"a.tsv" = "labels"\n"b" = "slices"\n`, {
    kinds,
  });
  const restored = await readSnapshot(
    writeSnapshot(workflow)!,
    (name) => Promise.resolve(kinds.find(({ kind }) => kind === name)!),
  );
  const outputsOf = (step: string) => {
    const { kind, params } = restored.instances.find((instance) => instance.step === step)!;
    return typeof kind.outputs === "function" ? kind.outputs(params) : kind.outputs;
  };
  assertEquals(outputsOf("slices"), {});
  const target: PublishTarget = {
    write: (path, bytes) => Promise.resolve(void written.push(`${path}: ${bytes}`)),
    copy: () => Promise.resolve(),
  };
  await outputsOf("labels").labels.publish!({} as Artifact, target);
  assertEquals(written, ["a: AD,CN"]);
});

Deno.test("a user's own steps, numbers that JSON lacks and many instances give no snapshot", async () => {
  const workflow = await read(base);
  assert(writeSnapshot(workflow) !== undefined);
  const { steps, instances } = workflow;
  const own = { ...steps[0], kind: { ...steps[0].kind, code: "sha256-1" } };
  assertEquals(writeSnapshot({ ...workflow, steps: [own] }), undefined);
  for (const number of [-0, NaN, Infinity]) {
    assertEquals(writeSnapshot({ ...workflow, params: { number } }), undefined);
  }
  const many = Array.from({ length: 1001 }, () => instances[0]);
  assertEquals(writeSnapshot({ ...workflow, instances: many }), undefined);
});
