/** Records of runs, and what is made from them: differences, locks, verification, provenance. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { exportCrate } from "../../src/engine/crate.ts";
import { diffRuns } from "../../src/engine/diff.ts";
import { findDrift, lockOf } from "../../src/engine/plan/lock_file.ts";
import { plan } from "../../src/engine/plan/plan.ts";
import { run } from "../../src/engine/run/run.ts";
import { isAlive, listRuns, readEvents, readRun } from "../../src/engine/run/run_folder.ts";
import { verify } from "../../src/engine/run/verify.ts";
import { openStore } from "../../src/engine/store/store.ts";
import type { StepKind } from "../../src/workflow/step.ts";
import { inFolder } from "./scratch.ts";
import { constant } from "./toy_steps.ts";
import { type ToyInstance, toyWorkflow } from "./toy_workflow.ts";

const training = (epochs: number, more: Record<string, ToyInstance> = {}) =>
  toyWorkflow({
    text: { uses: "constant" },
    trained: { uses: "train", with: { epochs } },
    end: { uses: "join", in: { values: ["trained", "text"] } },
    ...more,
  }, { publish: {} });

Deno.test("a run leaves a record with its text, keys, reasons, times and outcome, and its events", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const { id, nodes } = await run(store, training(3));
    const record = readRun(store, id!)!;
    assertEquals(record.status, "done");
    assertEquals(Object.values(record.workflow.sources), ['name = "toy"\n']);
    const entry = record.instances.find(({ name }) => name === "trained")!;
    assertEquals(entry.params, { epochs: 3, rate: 1, checkpoint_interval: 0 });
    assertEquals([entry.outcome, entry.key], ["done", nodes.get("trained")!.key]);
    assertEquals(entry.reasons, [{ cause: "no-record" }]);
    assert(Date.parse(entry.finished!) >= Date.parse(entry.started!));
    const metrics = readEvents(store, id!).filter((event) =>
      event.type === "instance-progress" && event.metrics
    );
    assertEquals(metrics.length, 3);
    assertEquals(listRuns(store), [id]);
    assertEquals(isAlive(store, id!), false);
  }));

Deno.test("a difference of runs names params, inputs, outputs and metrics", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    const a = await run(store, training(3));
    const b = await run(store, training(5, { more: { uses: "constant", with: { text: "m" } } }));
    const diff = diffRuns(store, readRun(store, a.id!)!, readRun(store, b.id!)!);
    assertEquals(diff.added, ["more"]);
    assertEquals(diff.instances.map(({ instance }) => instance), ["trained", "end"]);
    const [trained, end] = diff.instances;
    assertEquals(trained.params, [{ name: "epochs", old: 3, new: 5 }]);
    assertEquals(trained.metrics, [{ name: "sum", old: 3, new: 5 }]);
    assertEquals([end.inputs, end.outputs.length], [["values"], 1]);
  }));

Deno.test("verification executes everything again and finds what is not deterministic", () =>
  inFolder(async (folder) => {
    let turn = 0;
    const random: StepKind = {
      ...(constant as unknown as StepKind),
      kind: "random",
      run: () => Promise.resolve({ value: { files: { "value.txt": `${turn++}` } } }),
    };
    const workflow = training(3, {
      words: { uses: "memoized", with: { words: ["w"] } },
      random: { uses: random },
    });
    const store = openStore(`${folder}/cache`);
    const first = await run(store, workflow);
    const { mismatches, run: again } = await verify(store, workflow);
    assertEquals(again.counts.done, 5);
    assertEquals(mismatches.map(({ instance, output }) => [instance, output]), [[
      "random",
      "value",
    ]]);
    const log = await Deno.readTextFile(again.nodes.get("trained")!.logPath!);
    assertEquals(log, "epoch 1\nepoch 2\nepoch 3\n");
    assertEquals(await Deno.readTextFile(again.nodes.get("words")!.logPath!), "computed w\n");
    // Records stay as they were.
    const { record } = { record: store.record(first.nodes.get("random")!.key!)! };
    assertEquals(record.outputs, first.nodes.get("random")!.outputs);
  }));

Deno.test("a lock holds while nothing drifts, and names what did", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    await Deno.mkdir(`${folder}/data`);
    await Deno.writeTextFile(`${folder}/data/a.txt`, "a");
    await Deno.writeTextFile(`${folder}/in.txt`, "in");
    const workflow = (uses: string | StepKind = "constant") =>
      toyWorkflow({
        text: { uses },
        open: { uses: "folder", with: { path: `${folder}/data` } },
        file: { uses: "file", with: { path: `${folder}/in.txt` } },
      });
    const lock = lockOf(await plan(store, workflow()));
    assertEquals(findDrift(lock, await plan(store, workflow())), []);
    await Deno.writeTextFile(`${folder}/data/b.txt`, "b");
    await Deno.writeTextFile(`${folder}/in.txt`, "changed");
    const raised = { ...constant, version: 2 } as unknown as StepKind;
    assertEquals(findDrift(lock, await plan(store, workflow(raised))), [
      "step kind constant has changed",
      "what open reads has changed",
      "a file that file names has changed",
    ]);
  }));

interface Entity {
  "@id": string;
  "@type": string | string[];
  [property: string]: unknown;
}

/** Every `{ "@id": … }` within a value. */
function* references(value: unknown): Generator<string> {
  if (Array.isArray(value)) { for (const item of value) yield* references(item); }
  else if (value && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) {
      if (key === "@id") yield String(item);
      else yield* references(item);
    }
  }
}

Deno.test("a run exports as a Workflow Run RO-Crate whose references all resolve", () =>
  inFolder(async (folder) => {
    const workflow = toyWorkflow({
      text: { uses: "constant" },
      words: { uses: "memoized", with: { words: ["a b", "c"] } },
    }, { folder, publish: { "out/text.txt": "text", "out/all words": "words" } });
    const store = openStore(`${folder}/.gyrus`);
    const { id } = await run(store, workflow);
    const record = readRun(store, id!)!;
    await exportCrate(store, record, `${folder}/crate`);
    await exportCrate(store, record, `${folder}/again`);
    const text = await Deno.readTextFile(`${folder}/crate/ro-crate-metadata.json`);
    assertEquals(await Deno.readTextFile(`${folder}/again/ro-crate-metadata.json`), text);
    const graph: Entity[] = JSON.parse(text)["@graph"];
    const ids = new Set(graph.map((entity) => entity["@id"]));
    assertEquals(ids.size, graph.length);
    const of = (type: string) => graph.filter((entity) => [entity["@type"]].flat().includes(type));
    for (const entity of graph) {
      for (const id of references(Object.entries(entity).filter(([key]) => key !== "@id"))) {
        assert(ids.has(id) || id === "https://w3id.org/ro/crate/1.1", `${id} is not in the graph`);
      }
    }
    for (const action of of("CreateAction")) {
      for (const property of ["instrument", "object", "result", "startTime", "actionStatus"]) {
        assert(property in action, `${action.name} has no ${property}`);
      }
      assert(
        /^#[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(
          action["@id"],
        ),
      );
    }
    assertEquals([of("CreateAction").length, of("ControlAction").length], [3, 2]);
    assertEquals(of("OrganizeAction").length, 1);
    for (const file of of("File").filter((file) => "sha256" in file)) {
      const bytes = await Deno.readFile(`${folder}/crate/${decodeURIComponent(file["@id"])}`);
      assertEquals(file.contentSize, String(bytes.length));
    }
    await assertRejects(() => exportCrate(store, record, folder), Error, "not empty");
  }));

Deno.test("two processes on one cache share the work and agree", () =>
  inFolder(async (folder) => {
    const child = () =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--no-check",
          "-c",
          new URL("../../deno.json", import.meta.url).pathname,
          new URL("./kill_child.ts", import.meta.url).pathname,
          `${folder}/cache`,
        ],
        stderr: "inherit",
      }).output();
    const lines = (await Promise.all([child(), child()]))
      .map(({ stdout }) => new TextDecoder().decode(stdout).trimEnd().split("\n"));
    const outputs = lines.map((all) => all.filter((line) => line.startsWith("output ")));
    assertEquals(lines.map((all) => all.at(-1)), ["status done", "status done"]);
    assertEquals(outputs[0], outputs[1]);
    const keys = lines.flat().filter((line) => line.startsWith("started "))
      .map((line) => line.split(" ")[2]);
    assertEquals(new Set(keys).size, keys.length);
  }));
