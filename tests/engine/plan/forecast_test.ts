import { assertEquals } from "@std/assert";
import { z } from "zod";
import { findFullDisks } from "../../../src/engine/plan/disk_space.ts";
import type { RunEstimate } from "../../../src/engine/plan/forecast.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import type { PlanMemory } from "../../../src/engine/plan/plan_memory.ts";
import { run } from "../../../src/engine/run/run.ts";
import { canonicalJson } from "../../../src/engine/store/canonical.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { DataError } from "../../../src/errors.ts";
import type { Json, PreflightInput, StepKind } from "../../../src/workflow/step.ts";
import { inFolder } from "../scratch.ts";
import { type ToyInstance, toyWorkflow } from "../toy_workflow.ts";

function kindOf(kind: string, ports: readonly string[], more: Partial<StepKind>): StepKind {
  return {
    kind,
    version: 1,
    summary: "",
    params: z.object({ size: z.number().default(1) }),
    pathParameters: [],
    inputs: Object.fromEntries(ports.map((port) => [port, { types: ["value"], description: "" }])),
    outputs: { value: { type: "value", description: "" } },
    runs: "inline",
    run: ({ params }) => Promise.resolve({ value: { files: { "a.txt": `${params.size}` } } }),
    ...more,
  };
}

/** Declares its size before it runs. */
const images = kindOf("images", [], {
  preflight: {
    reads: [],
    check: ({ params }) => {
      if (params.size === 0) throw new DataError("images", "there are none");
      return Promise.resolve({ value: params.size as number });
    },
  },
});
const sizeOf = (input: PreflightInput) => "declared" in input ? Number(input.declared) : 0;

const train = kindOf("train", ["images"], {
  estimate: (_params, { images }) => {
    if (!images) return {};
    const bytes = 1000 * sizeOf(images[0]);
    return { diskBytes: bytes, publishedBytes: { value: bytes / 4 } };
  },
});
const predict = kindOf("predict", ["model"], {});
const maps = kindOf("maps", ["model"], {
  estimate: (_params, _inputs, { model }) =>
    model === undefined ? {} : { publishedBytes: { value: model } },
});

const workflow = (size: number): Record<string, ToyInstance> => ({
  images: { uses: images, with: { size } },
  train: { uses: train, in: { images: "images" } },
  predict: { uses: predict, in: { model: "train" } },
});
const options = { publish: { "model": "train", "predictions": "predict" } };

Deno.test("a first plan computes disk from what steps declare, and counts what has no estimate", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const planned = async (size: number) =>
      (await plan(store, toyWorkflow(workflow(size), options))).estimate;
    assertEquals(await planned(3), {
      diskBytes: 3000,
      publishedBytes: 750,
      withoutEstimate: { seconds: 3, diskBytes: 2, publishedBytes: 1 },
    });
    // A problem leaves unknown what it is about; the checks of a run report it.
    assertEquals(await planned(0), {
      withoutEstimate: { seconds: 3, diskBytes: 3, publishedBytes: 2 },
    });
  }));

Deno.test("an estimate may follow from sizes of inputs, whether these exist or are estimated", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const flow = toyWorkflow(
      { ...workflow(4), maps: { uses: maps, in: { model: "train" } } },
      { publish: { "maps": "maps" } },
    );
    assertEquals((await plan(store, flow)).estimate.publishedBytes, 1000);
    await run(store, flow, { until: ["train"] });
    const { estimate, byName } = await plan(store, flow);
    assertEquals(estimate.publishedBytes, byName.get("train")!.outputs!.value.bytes);
  }));

Deno.test("time is that of an earlier run, disk that of the parameters at hand", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    await run(store, toyWorkflow(workflow(2)));
    const { estimate, byName } = await plan(store, toyWorkflow(workflow(5), options));
    const { seconds, diskBytes, publishedBytes } = byName.get("train")!.estimate;
    assertEquals([typeof seconds, diskBytes, publishedBytes], ["number", 5000, { value: 1250 }]);
    assertEquals(estimate.withoutEstimate, { seconds: 0, diskBytes: 0, publishedBytes: 0 });
  }));

Deno.test("a run states its estimate, and a disk that is too small for it, before anything starts", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const events: unknown[] = [];
    // Ten exabytes.
    await run(store, toyWorkflow(workflow(1e16), { ...options, folder }), {
      onEvent: (event) => {
        if (event.type === "run-started") events.push(event.fullDisks, event.estimateDiskBytes);
        if (event.type === "instance-started") events.push(event.instance);
      },
    });
    const [[disk], ...rest] = events as [{ folder: string; needed: number }[], ...unknown[]];
    // The published copies are on the same disk.
    assertEquals([disk.folder, disk.needed], [store.root, 1.25e19]);
    assertEquals(rest, [1e19, "images", "train", "predict"]);
  }));

Deno.test("disks on which everything fits are not reported, nor the little that always does", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const estimate = (diskBytes: number): RunEstimate => ({
      diskBytes,
      withoutEstimate: { seconds: 0, diskBytes: 0, publishedBytes: 0 },
    });
    for (const bytes of [1, 101 * 2 ** 20]) {
      assertEquals(await findFullDisks(store, { folder }, estimate(bytes)), []);
    }
  }));

Deno.test("a plan asks its memory what follows from parameters and declarations, and nothing else", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const kept = new Map<string, Json>();
    let computed = 0;
    const planMemory: PlanMemory = {
      ask: async <T extends Json>(question: Json, compute: () => Promise<T>) => {
        const name = canonicalJson(question);
        if (!kept.has(name)) kept.set(name, (computed++, await compute()));
        return kept.get(name) as T;
      },
    };
    const planned = async (flow: Record<string, ToyInstance>) => {
      computed = 0;
      const { estimate } = await plan(store, toyWorkflow(flow, options), { planMemory });
      return [estimate.diskBytes, computed];
    };
    // The check of the images, and the training's estimate.
    assertEquals(await planned(workflow(3)), [3000, 2]);
    assertEquals(await planned(workflow(3)), [3000, 0]);
    assertEquals(await planned(workflow(4)), [4000, 2]);
    // A parameter that names a file: the answer may be another tomorrow.
    const reading = { ...train, pathParameters: ["size"] };
    const flow = {
      ...workflow(4),
      train: { ...workflow(4).train, uses: reading, with: { size: 1 } },
    };
    assertEquals(await planned(flow), [4000, 0]);
    // Of images that exist, the artifact decides.
    await run(store, toyWorkflow({ images: workflow(5).images }));
    assertEquals(await planned(workflow(5)), [0, 0]);
  }));
