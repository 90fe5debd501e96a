import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { askNode } from "../../../src/cli/cluster/doctor_job.ts";
import { adapterRefusal, gpuRefusal } from "../../../src/cli/cluster/refusals.ts";
import { forgetNodeAdapter, vectorWidthOf } from "../../../src/device/node_adapter.ts";
import { askAdapter } from "../../../src/device/adapter_memory.ts";
import { numericClassOf } from "../../../src/device/numeric_class.ts";
import type { FrozenInstance } from "../../../src/engine/cluster/frozen_plan.ts";
import type { JobArray, JobScheduler } from "../../../src/engine/cluster/job_scheduler.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { DataError, DeviceError } from "../../../src/errors.ts";
import type { SlurmExecutor } from "../../../src/workflow/graph.ts";

const profile: SlurmExecutor = { kind: "slurm", profile: "lab", options: [] };

Deno.test("a job that can open several GPUs is refused with the reason", () => {
  const step = (gpu: number) =>
    ({ name: "train", execution: { resources: { gpu } } }) as FrozenInstance;
  assertStringIncludes(gpuRefusal(step(1), "4")!.message, "can open 4 GPUs");
  for (const few of [undefined, "0", "1", "none"]) {
    assertEquals(gpuRefusal(step(1), few), undefined);
  }
  assertEquals(gpuRefusal(step(0), "4"), undefined, "it asks for none");
});

Deno.test("a plan for another device is refused, one for its class or for any is not", async () => {
  const store = openStore(await Deno.makeTempDir());
  const adapter = await askAdapter();
  const exact = numericClassOf("exact", store, adapter);
  const other = numericClassOf("exact", store, { ...adapter, description: "another driver" });
  const likewise = numericClassOf("class", store, { ...adapter, description: "another driver" });
  assertEquals(await adapterRefusal(exact), undefined);
  assertEquals(await adapterRefusal({}), undefined);
  if (likewise !== other) assertStringIncludes(`${await adapterRefusal(other)}`, "another driver");
  await Deno.remove(store.root, { recursive: true });
});

Deno.test("a software adapter's vectors are pinned, a GPU has none", () => {
  const adapter = {
    vendor: "",
    architecture: "",
    device: "",
    description: "llvmpipe (LLVM 15.0.6, 256 bits)",
    subgroupMinSize: 8,
    isFallbackAdapter: true,
  };
  assertEquals(vectorWidthOf(adapter), 256);
  assertEquals(vectorWidthOf({ ...adapter, description: "NVIDIA A100" }), undefined);
});

/** A node that runs the doctor's script with a program of the test's. */
class Node implements JobScheduler {
  readonly chains = true;
  jobs = 0;

  constructor(readonly runs: boolean) {}

  arraySize() {
    return Promise.resolve(1);
  }

  async submit({ script }: JobArray): Promise<string> {
    this.jobs++;
    if (this.runs) await new Deno.Command("sh", { args: [script] }).output();
    return "5";
  }

  states() {
    return Promise.resolve({ states: new Map(), ids: new Map() });
  }

  cancel() {
    return Promise.resolve();
  }
}

Deno.test("the node's answer is remembered, its complaint is the error", async () => {
  const folder = await Deno.makeTempDir();
  const store = openStore(`${folder}/cache`);
  const program = `${folder}/gyrus`;
  const ask = (node: Node) =>
    askNode({
      store,
      profile,
      scheduler: node,
      program,
      request: { cpu: 1, gpu: 0 },
      signal: new AbortController().signal,
      report() {},
      recordsMs: 5,
      queueMs: 10,
      visibilityMs: 50,
    });
  const write = (text: string) =>
    Deno.writeTextFile(program, `#!/bin/sh\n${text}`, { mode: 0o755 });
  await write("echo no Vulkan driver >&2; exit 1");
  await assertRejects(() => ask(new Node(true)), DeviceError, "no Vulkan driver");
  await assertRejects(() => ask(new Node(false)), DataError, "does not see this folder");
  const adapter = { ...await askAdapter() };
  await write(`echo '${JSON.stringify({ adapter })}'`);
  const node = new Node(true);
  assertEquals(await ask(node), adapter);
  assertEquals([await ask(node), node.jobs], [adapter, 1]);
  forgetNodeAdapter(store, profile);
  await ask(node);
  assertEquals(node.jobs, 2);
  assertEquals([...Deno.readDirSync(`${store.root}/jobs`)].length, 0, "nothing is left");
  await Deno.remove(folder, { recursive: true });
});
