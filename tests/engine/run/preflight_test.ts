import { assertEquals } from "@std/assert";
import { z } from "zod";
import { DataError } from "../../../src/errors.ts";
import { findDeclaredProblems } from "../../../src/engine/run/preflight.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { run } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import type { Artifact, PreflightInput, StepKind } from "../../../src/workflow/step.ts";
import { inFolder } from "../scratch.ts";
import { type ToyInstance, toyWorkflow } from "../toy_workflow.ts";

const value = { type: "value", description: "" };

/** A kind that writes its label. */
function kindOf(
  kind: string,
  ports: readonly string[],
  more: Partial<StepKind> = {},
): StepKind {
  return {
    kind,
    version: 1,
    summary: "",
    params: z.object({ label: z.string() }),
    pathParameters: [],
    inputs: Object.fromEntries(ports.map((port) => [port, { types: ["value"], description: "" }])),
    outputs: { value },
    runs: "device",
    run: ({ params }) =>
      Promise.resolve({ value: { files: { "value.txt": String(params.label) } } }),
    ...more,
  };
}

const table = kindOf("table", [], { runs: "inline" });
const trained = kindOf("trained", ["table"], { runs: "inline" });
const predicted = kindOf("predicted", ["table"], { runs: "inline" });
const images = kindOf("images", ["table"]);

/** The participants that an input names: its content, or what is declared of it. */
const named = async (input: PreflightInput | readonly PreflightInput[]) =>
  "declared" in input ? String(input.declared) : await (input as Artifact).readText("value.txt");

const train = kindOf("train", ["images", "people"], {
  preflight: {
    reads: ["people"],
    check: async ({ inputs }) => ({ value: await named(inputs.people) }),
  },
});

const predict = kindOf("predict", ["model", "people"], {
  preflight: {
    reads: ["model", "people"],
    check: async ({ inputs }) => {
      const [trained, people] = [await named(inputs.model), await named(inputs.people)];
      if (trained === people) throw new DataError("predict", `has seen ${people}`);
      return {};
    },
  },
});

/** Images and training need a device; the participants of training and prediction are in tables. */
function workflow(person: string): Record<string, ToyInstance> {
  return {
    source: { uses: table, with: { label: "all" } },
    images: { uses: images, with: { label: "images" }, in: { table: "source" } },
    trained: { uses: trained, with: { label: "sub-1" }, in: { table: "source" } },
    predicted: { uses: predicted, with: { label: person }, in: { table: "source" } },
    train: { uses: train, with: { label: "sub-1" }, in: { images: "images", people: "trained" } },
    predict: {
      uses: predict,
      with: { label: "predictions" },
      in: { model: "train", people: "predicted" },
    },
  };
}

/** Runs a workflow, and lists what started and what failed, in order. */
async function runListed(folder: string, spec: Record<string, ToyInstance>, keepGoing = false) {
  const events: string[] = [];
  const { errors, counts } = await run(openStore(`${folder}/cache`), toyWorkflow(spec), {
    numericClass: () => "toy",
    keepGoing,
    onEvent: (event) => {
      if (event.type === "instance-started") events.push(`${event.instance} started`);
      if (event.type === "instance-failed") events.push(`${event.instance} failed`);
    },
  });
  return { events, errors: errors.map(({ message }) => message), counts };
}

Deno.test("what is declared of an input that does not exist yet is checked before anything slow starts", () =>
  inFolder(async (folder) => {
    const { events, errors } = await runListed(folder, workflow("sub-1"));
    assertEquals(events, [
      "source started",
      "trained started",
      "predicted started",
      "predict failed",
    ]);
    assertEquals(errors, ["predict: has seen sub-1"]);

    const going = await runListed(folder, workflow("sub-1"), true);
    assertEquals(going.events, ["predict failed", "images started", "train started"]);
    assertEquals(going.counts, { cached: 3, done: 2, failed: 1, skipped: 0 });
  }));

Deno.test("where nothing is wrong, quick steps run first and then the others", () =>
  inFolder(async (folder) => {
    const { events, counts } = await runListed(folder, workflow("sub-2"));
    assertEquals(
      events.map((event) => event.split(" ")[0]),
      ["source", "trained", "predicted", "images", "train", "predict"],
    );
    assertEquals(counts.done, 6);
  }));

Deno.test("a cached input is looked at like one that was declared", () =>
  inFolder(async (folder) => {
    await runListed(folder, workflow("sub-2"));
    const { events, errors } = await runListed(folder, workflow("sub-1"));
    assertEquals(events, ["predicted started", "predict failed"]);
    assertEquals(errors, ["predict: has seen sub-1"]);
  }));

Deno.test("a plan reports the problems that existing tables show", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const problems = async () => {
      const planned = await plan(store, toyWorkflow(workflow("sub-1")), {
        numericClass: () => "toy",
      });
      return await findDeclaredProblems(store, planned);
    };
    assertEquals(await problems(), []);
    await runListed(folder, workflow("sub-1"));
    const [{ instance, message }] = await problems();
    assertEquals([instance, message], ["predict", "predict: has seen sub-1"]);
  }));

Deno.test("a check runs again when more is known of its inputs, and sees which are unknown", () =>
  inFolder(async (folder) => {
    const seen: [images: string | undefined, unknown: readonly string[]][] = [];
    const watching = kindOf("watching", ["images", "people"], {
      preflight: {
        reads: [],
        readsIfKnown: ["images", "people"],
        check: async ({ inputs, unknown }) => {
          seen.push([inputs.images && await named(inputs.images), unknown]);
          return {};
        },
      },
    });
    const declaring = kindOf("declaring", ["table"], {
      preflight: { reads: [], check: () => Promise.resolve({ value: "declared" }) },
    });
    const { counts } = await runListed(folder, {
      source: { uses: table, with: { label: "all" } },
      images: { uses: declaring, with: { label: "images" }, in: { table: "source" } },
      people: { uses: trained, with: { label: "sub-1" }, in: { table: "source" } },
      last: { uses: watching, with: { label: "" }, in: { images: "images", people: "people" } },
    });
    assertEquals(counts.done, 4);
    // What exists later is what was declared: the check does not run for it again.
    assertEquals(seen, [
      [undefined, ["images", "people"]],
      ["declared", ["people"]],
      ["declared", []],
    ]);
  }));
