import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { DataError } from "../../../src/errors.ts";
import type { EngineEvent } from "../../../src/engine/plan/events.ts";
import { run, type RunOptions } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import type { StepKind } from "../../../src/workflow/step.ts";
import { inFolder } from "../scratch.ts";
import { type ToyInstance, toyWorkflow } from "../toy_workflow.ts";

const stepModule = new URL("../toy_steps.ts", import.meta.url).href;

/** A step kind of one test; `act` gets the instance's label. */
function acting(
  act: (label: string) => Promise<void> | void,
  more: Partial<StepKind> = {},
): StepKind {
  return {
    kind: "acting",
    version: 1,
    summary: "",
    params: z.object({ label: z.string() }),
    pathParameters: [],
    inputs: {},
    outputs: { value: { type: "value", description: "" } },
    runs: "inline",
    async run(context) {
      await act(String(context.params.label));
      return { value: { files: { "value.txt": String(context.params.label) } } };
    },
    ...more,
  };
}

function many(uses: StepKind, count: number, more: Partial<ToyInstance> = {}) {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `s[i=${i}]`,
      { uses, axes: { i }, with: { label: `${i}` }, ...more },
    ]),
  );
}

const rest = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

async function runOn(
  folder: string,
  spec: Record<string, ToyInstance>,
  options: RunOptions = {},
) {
  const events: EngineEvent[] = [];
  const result = await run(openStore(`${folder}/cache`), toyWorkflow(spec), {
    stepModule,
    ...options,
    onEvent: (event) => events.push(event),
  });
  return { result, events };
}

/** Counts how many are inside at once. */
function crowd() {
  let inside = 0;
  const seen = { most: 0 };
  return {
    seen,
    async enter() {
      seen.most = Math.max(seen.most, ++inside);
      await rest(20);
      inside--;
    },
  };
}

Deno.test("as many instances run at once as jobs allow", () =>
  inFolder(async (folder) => {
    const { seen, enter } = crowd();
    const { result } = await runOn(folder, many(acting(enter), 9), { jobs: 3 });
    assertEquals(result.counts.done, 9);
    assertEquals(seen.most, 3);
  }));

Deno.test("inputs that the last instance would refuse stop the run before the first starts", () =>
  inFolder(async (folder) => {
    const begun: string[] = [];
    const kind = acting((label) => void begun.push(label), {
      checkInputs: async ({ params }) => {
        await rest(10);
        if (params.label === "2") throw new DataError("fold 2", "has one class only");
      },
    });
    const { result, events } = await runOn(folder, many(kind, 3), { jobs: 1 });
    assertEquals(result.status, "failed");
    assertEquals(begun, []);
    assertEquals(result.errors.map(({ message }) => message), [
      "fold 2: has one class only",
    ]);
    assertEquals(
      events.filter(({ type }) => /started|failed|skipped/.test(type)).map(({ type }) => type),
      ["run-started", "instance-failed", "instance-skipped", "instance-skipped"],
    );
    const others = await runOn(folder, many(kind, 3), { jobs: 1, keepGoing: true });
    assertEquals(begun, ["0", "1"]);
    assertEquals(others.result.counts, { cached: 0, done: 2, failed: 1, skipped: 0 });
  }));

Deno.test("device steps run one at a time, or as many as there are slots", () =>
  inFolder(async (folder) => {
    // On the main thread, where their crowd can be counted.
    const options = { jobs: 4, numericClass: () => "toy", stepModule: undefined };
    for (const slots of [1, 2]) {
      const { seen, enter } = crowd();
      const kind = acting(enter, { runs: "device" });
      const deviceSlots = () => Promise.resolve(slots);
      await runOn(`${folder}/${slots}`, many(kind, 4), { ...options, deviceSlots });
      assertEquals(seen.most, slots);
    }
    const { seen, enter } = crowd();
    await runOn(folder, many(acting(enter, { runs: "device" }), 4), options);
    assertEquals(seen.most, 1);
  }));

Deno.test("nobody asks for slots when no device step is to run", () =>
  inFolder(async (folder) => {
    const deviceSlots = () => Promise.reject(new Error("asked"));
    const { result } = await runOn(folder, { a: { uses: "constant" } }, { deviceSlots });
    assertEquals(result.status, "done");
  }));

Deno.test("memory that steps ask for is never exceeded, and too much still runs alone", () =>
  inFolder(async (folder) => {
    const { seen, enter } = crowd();
    const asking = (memory: number) => ({
      execution: { resources: { cpu: 1, gpu: 0, memory } },
    });
    const spec = {
      ...many(acting(enter), 4, asking(600)),
      huge: { uses: acting(enter), with: { label: "huge" }, ...asking(5000) },
    };
    const { result } = await runOn(folder, spec, { jobs: 8, memory: 1000 });
    assertEquals(result.counts.done, 5);
    assertEquals(seen.most, 1);
  }));

Deno.test("steps with a thread of their own run in parallel", () =>
  inFolder(async (folder) => {
    const busy = (salt: number) => ({ uses: "slow", with: { milliseconds: 300, salt } });
    const { events } = await runOn(folder, { a: busy(1), b: busy(2) }, { jobs: 2 });
    const order = events.map(({ type }) => type)
      .filter((type) => type === "instance-started" || type === "instance-finished");
    assertEquals(order.slice(0, 2), ["instance-started", "instance-started"]);
    assert(events.some((event) => event.type === "instance-progress" && event.fraction));
    assert(
      events.some((event) => event.type === "instance-log" && event.message === "worked on 1"),
    );
  }));

const failure = { uses: "failing" };

Deno.test("a failure stops new starts, keeps its log and files, and names them", () =>
  inFolder(async (folder) => {
    const spec: Record<string, ToyInstance> = {
      bad: failure,
      after: { uses: "join", in: { values: ["bad"] } },
      other: { uses: "constant" },
    };
    const { result, events } = await runOn(folder, spec, { jobs: 1 });
    assertEquals(result.status, "failed");
    assertEquals(result.counts, { cached: 0, done: 0, failed: 1, skipped: 2 });
    const failed = events.find((event) => event.type === "instance-failed")!;
    assertEquals(failed.message, "no luck");
    assertEquals(failed.lastLines[0], "about to fail");
    const kept = JSON.parse(await Deno.readTextFile(`${failed.failedFolder}/failure.json`));
    const stored = await Deno.readTextFile(`${failed.failedFolder}/${kept.stored[0].file}`);
    assertEquals(stored, "half a result");
    assertEquals(kept.task.params, { message: "no luck" });
    assertEquals(
      events.filter((event) => event.type === "instance-skipped").map(({ because }) => because),
      ["bad failed", "the run stopped"],
    );
  }));

Deno.test("instances that fail keep logs and files of their own, whatever their names are", () =>
  inFolder(async (folder) => {
    const long = "x".repeat(210);
    const names = [
      "t[word=é b]",
      "t[word=è b]",
      "t[word=a/b]",
      "t[word=a+b]",
      "a[b_k=1]",
      "a_b[k=1]",
      `t[word=${long}y]`,
      `t[word=${long}z]`,
      "t[word=two\nlines]",
    ];
    const spec = Object.fromEntries(names.map((name, i): [string, ToyInstance] => [
      name,
      { uses: "failing", with: { message: `problem ${i}` } },
    ]));
    const { events } = await runOn(folder, spec, { keepGoing: true });
    const failed = events.filter((event) => event.type === "instance-failed");
    assertEquals(failed.length, names.length);
    for (const { instance, message, failedFolder, logPath } of failed) {
      const kept = JSON.parse(await Deno.readTextFile(`${failedFolder}/failure.json`));
      assertEquals([kept.instance, kept.task.params.message], [instance, message]);
      const log = await Deno.readTextFile(logPath);
      assertEquals(log.match(/problem \d/g), [message]);
    }
  }));

Deno.test("--keep-going goes on with what does not depend on the failure", () =>
  inFolder(async (folder) => {
    const spec: Record<string, ToyInstance> = {
      bad: failure,
      after: { uses: "join", in: { values: ["bad"] } },
      other: { uses: "constant" },
      last: { uses: "join", in: { values: ["other"] } },
    };
    const { result } = await runOn(folder, spec, { keepGoing: true });
    assertEquals(result.status, "failed");
    assertEquals(result.counts, { cached: 0, done: 2, failed: 1, skipped: 1 });
  }));

Deno.test("a step is tried again as often as its retry allows", () =>
  inFolder(async (folder) => {
    let tries = 0;
    const flaky = acting(() => {
      if (++tries < 2) throw new Error("not yet");
    });
    const spec = { s: { uses: flaky, with: { label: "x" }, execution: { retry: 1 } } };
    const { result, events } = await runOn(folder, spec);
    assertEquals(result.status, "done");
    const retried = events.find((event) => event.type === "instance-retried")!;
    assertEquals([retried.attempt, retried.message, retried.delaySeconds], [1, "not yet", 1]);
  }));

Deno.test("a step that takes too long is asked to stop and fails", () =>
  inFolder(async (folder) => {
    const spec = {
      s: { uses: "slow", with: { milliseconds: 20_000 }, execution: { timeout: 0.2 } },
    };
    const { result } = await runOn(folder, spec);
    assertEquals(result.errors.map((error) => error.message), ["timed out after 0.2 s"]);
  }));

Deno.test("an interrupt for a reason of its own reaches a thread and comes back as an interrupt", () =>
  inFolder(async (folder) => {
    const interrupt = new AbortController();
    const store = openStore(`${folder}/cache`);
    const workflow = toyWorkflow({ s: { uses: "slow", with: { milliseconds: 20_000 } } });
    const { status, errors } = await run(store, workflow, {
      stepModule,
      signal: interrupt.signal,
      onEvent(event) {
        if (event.type === "instance-progress") interrupt.abort(new Error("enough"));
      },
    });
    assertEquals([status, errors], ["interrupted", []]);
  }));

Deno.test("an interrupt lets steps save, and the next run goes on from the checkpoint", () =>
  inFolder(async (folder) => {
    const interrupt = new AbortController();
    const spec = { t: { uses: "train", with: { epochs: 8 } } };
    const store = openStore(`${folder}/cache`);
    const stopped = await run(store, toyWorkflow(spec), {
      signal: interrupt.signal,
      onEvent(event) {
        if (event.type === "instance-log" && event.message === "epoch 3") interrupt.abort();
      },
    });
    assertEquals(stopped.status, "interrupted");
    const again = await runOn(folder, spec);
    assertEquals(again.result.plan.instances[0].resumesFrom, 3);
    assertEquals(again.result.status, "done");
    const other = await run(openStore(`${folder}/other`), toyWorkflow(spec));
    assertEquals(again.result.nodes.get("t")!.outputs, other.nodes.get("t")!.outputs);
  }));

Deno.test("a second interrupt waits for nothing", () =>
  inFolder(async (folder) => {
    const kill = new AbortController();
    const deaf = acting(() => rest(3000));
    const start = performance.now();
    const timer = setTimeout(() => kill.abort(), 100);
    const { result } = await runOn(folder, many(deaf, 1), { kill: kill.signal });
    clearTimeout(timer);
    assertEquals(result.status, "interrupted");
    assert(performance.now() - start < 2000);
    await rest(3000);
  }));

Deno.test("two runs at once on one cache do not compute the same thing twice", () =>
  inFolder(async (folder) => {
    const computed: string[] = [];
    const kind = acting(async (label) => {
      computed.push(label);
      await rest(30);
    });
    const both = await Promise.all([
      runOn(folder, many(kind, 6), { jobs: 2 }),
      runOn(folder, many(kind, 6), { jobs: 2 }),
    ]);
    for (const { result } of both) assertEquals(result.status, "done");
    assertEquals(computed.sort(), ["0", "1", "2", "3", "4", "5"]);
    const outputs = both.map(({ result }) =>
      [...result.nodes.values()].map((node) => node.outputs)
    );
    assertEquals(outputs[0], outputs[1]);
  }));

Deno.test("one key with two results keeps the first and reports both digests", () =>
  inFolder(async (folder) => {
    let turn = 0;
    const random: StepKind = {
      ...acting(() => {}),
      run: () => Promise.resolve({ value: { files: { "value.txt": `${turn++}` } } }),
    };
    const first = await runOn(folder, many(random, 1));
    const second = await runOn(folder, many(random, 1), { force: ["s"] });
    const alarm = second.events.find((event) => event.type === "nondeterminism")!;
    assertEquals(alarm.recorded, first.result.nodes.get("s[i=0]")!.outputs!.value.digest);
    assert(alarm.produced !== alarm.recorded);
    const kept = second.result.nodes.get("s[i=0]")!.outputs!.value.digest;
    assertEquals(kept, alarm.recorded);
  }));

Deno.test("targets, from, only and force choose what runs", () =>
  inFolder(async (folder) => {
    const spec: Record<string, ToyInstance> = {
      a: { uses: "constant" },
      b: { uses: "join", in: { values: ["a"] }, with: { separator: "b" } },
      c: { uses: "join", in: { values: ["b"] }, with: { separator: "c" } },
      d: { uses: "constant", with: { text: "d" } },
    };
    const ran = async (options: RunOptions) => {
      const { events } = await runOn(folder, spec, options);
      return events.filter((event) => event.type === "instance-finished")
        .map(({ instance }) => instance);
    };
    assertEquals(await ran({ targets: ["b"] }), ["a", "b"]);
    assertEquals(await ran({ from: ["b"] }), ["c"]);
    assertEquals(await ran({ only: ["a"], force: ["a"] }), ["a"]);
    assertEquals(await ran({ until: ["b"] }), []);
    assertEquals(await ran({}), ["d"]);
  }));

Deno.test("outputs other than the declared ones are reported in a line, without the engine's stack", () =>
  inFolder(async (folder) => {
    const failed = async (...names: string[]) => {
      const outputs = Object.fromEntries(names.map((name) => [name, { files: {} }]));
      const careless = acting(() => {}, { run: () => Promise.resolve(outputs) });
      const { events } = await runOn(folder, { a: { uses: careless, with: { label: "a" } } });
      const event = events.find((event) => event.type === "instance-failed");
      return [event?.message, event?.stack];
    };
    assertEquals(await failed(), [
      'step kind acting: run returned no output "value"',
      undefined,
    ]);
    assertEquals(await failed("value", "more"), [
      'step kind acting: run returned an output "more", which the kind doesn\'t declare',
      undefined,
    ]);
  }));
