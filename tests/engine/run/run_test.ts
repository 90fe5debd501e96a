import { assertEquals } from "@std/assert";
import { inFolder } from "../scratch.ts";
import type { EngineEvent } from "../../../src/engine/plan/events.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { run } from "../../../src/engine/run/run.ts";
import { openArtifact } from "../../../src/engine/store/artifact.ts";
import { readLog } from "../../../src/engine/run/run_folder.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { defineStep, type StepKind } from "../../../src/workflow/step.ts";
import { z } from "zod";
import { toyWorkflow } from "../toy_workflow.ts";

const stepModule = new URL("../toy_steps.ts", import.meta.url).href;

const diamond = () =>
  toyWorkflow({
    left: { uses: "constant", with: { text: "a" } },
    right: { uses: "constant", with: { text: "b" } },
    both: { uses: "slow", in: { values: ["left", "right"] } },
    end: { uses: "join", in: { values: ["both", "left"] } },
  });

Deno.test("a workflow runs once, and a second run finds everything cached", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const before = await plan(store, diamond());
    assertEquals(before.counts["will-run"], 4);
    const first = await run(store, diamond(), { stepModule });
    assertEquals(first.errors, []);
    assertEquals(first.counts, { cached: 0, done: 4, failed: 0, skipped: 0 });
    const output = first.nodes.get("end")!.outputs!.value;
    assertEquals(await openArtifact(store, output).readText("value.txt"), "0(a,b)+a");
    const events: EngineEvent[] = [];
    const second = await run(openStore(`${folder}/cache`), diamond(), {
      stepModule,
      onEvent: (event) => events.push(event),
    });
    assertEquals(second.counts, { cached: 4, done: 0, failed: 0, skipped: 0 });
    assertEquals(events[0].type, "run-started");
    assertEquals(events.at(-1)!.type, "run-finished");
  }));

/** A step that reads the outside world, and logs what it finds. */
const opened = defineStep({
  kind: "opened",
  version: 1,
  summary: "Opens",
  params: z.object({}),
  inputs: {},
  outputs: { value: { type: "value", description: "nothing" } },
  runs: "inline",
  source: true,
  run({ log, warn }) {
    log("3 images");
    warn("one without a session");
    return Promise.resolve({ value: { files: { "value.txt": "0" } } });
  },
});

Deno.test("what a source step logs while planning is in the log of every run", () =>
  inFolder(async (folder) => {
    const workflow = () =>
      toyWorkflow({
        open: { uses: opened as unknown as StepKind },
        end: { uses: "join", in: { values: ["open"] } },
      });
    for (const _ of ["first", "second"]) {
      const store = openStore(`${folder}/cache`);
      const { id } = await run(store, workflow(), { stepModule });
      assertEquals(readLog(store, id!, "open"), ["3 images", "warning: one without a session"]);
    }
  }));

Deno.test("a run whose device is another than its plan took plans again before it computes", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const workflow = toyWorkflow({
      text: { uses: "constant" },
      on: { uses: "device", in: { values: ["text"] } },
    });
    let adapter = "remembered";
    const options = {
      numericClass: () => ({ adapter }),
      confirmDevice: () => {
        const isSame = adapter === "real";
        adapter = "real";
        return Promise.resolve(isSame);
      },
    };
    const { status, nodes, plan } = await run(store, workflow, options);
    assertEquals(status, "done");
    assertEquals(plan.keying.device(), { adapter: "real" });
    assertEquals(store.record(nodes.get("on")!.key!)?.parts.numericClass, { adapter: "real" });
    // What is cached under the right key computes nothing, and asks nobody.
    const again = await run(store, workflow, {
      ...options,
      confirmDevice: () => Promise.reject(new Error("asked")),
    });
    assertEquals(again.counts.cached, 2);
  }));
