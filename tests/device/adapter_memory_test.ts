import { assertEquals, assertRejects } from "@std/assert";
import { openStepDevice } from "../../src/device/open.ts";
import { readNumericClass } from "../../src/device/numeric_class.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { DeviceError } from "../../src/errors.ts";
import { describeAdapter } from "../../src/gpu/device.ts";
import { launcher } from "../cli/project.ts";

type Memory = typeof import("../../src/device/adapter_memory.ts");

let processes = 0;

/** The module as in a process of its own, which has not asked yet. */
function newProcess(): Promise<Memory> {
  const url = new URL("../../src/device/adapter_memory.ts", import.meta.url);
  return import(`${url}?${processes++}`);
}

async function inStore(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  Deno.env.set("GYRUS_MACHINE", "started on Monday");
  try {
    await test(folder);
  } finally {
    Deno.env.delete("GYRUS_MACHINE");
    await Deno.remove(folder, { recursive: true });
  }
}

/** The one file that the store has. */
function fileOf(folder: string): string {
  const [{ name }] = Deno.readDirSync(`${folder}/devices/adapters`);
  return `${folder}/devices/adapters/${name}`;
}

/** Replaces the remembered description. */
function forge(folder: string, change: Record<string, unknown>): void {
  const remembered = JSON.parse(Deno.readTextFileSync(fileOf(folder)));
  Object.assign(remembered.adapter, change);
  const file = fileOf(folder);
  Deno.removeSync(file);
  Deno.writeTextFileSync(file, JSON.stringify(remembered));
}

Deno.test("a plan takes the remembered adapter, and a run asks and corrects it", () =>
  inStore(async (folder) => {
    const real = await describeAdapter();
    assertEquals(await (await newProcess()).recallAdapter(openStore(folder)), real);
    forge(folder, { description: "a GPU that was here" });

    const { recallAdapter, confirmAdapter } = await newProcess();
    const store = openStore(folder);
    assertEquals((await recallAdapter(store)).description, "a GPU that was here");
    assertEquals(await confirmAdapter(store), false);
    assertEquals(await recallAdapter(store), real);
    assertEquals(await confirmAdapter(store), true);
    assertEquals(JSON.parse(Deno.readTextFileSync(fileOf(folder))).adapter, real);
  }));

Deno.test("after a restart, without the launcher, or from a torn file nothing is remembered", () =>
  inStore(async (folder) => {
    const real = await describeAdapter();
    const recall = async () => (await newProcess()).recallAdapter(openStore(folder));
    await recall();
    forge(folder, { description: "a GPU that was here" });
    Deno.env.set("GYRUS_MACHINE", "started on Tuesday");
    assertEquals(await recall(), real);

    forge(folder, { description: "a GPU that was here" });
    Deno.env.delete("GYRUS_MACHINE");
    assertEquals(await recall(), real);

    Deno.env.set("GYRUS_MACHINE", "started on Tuesday");
    forge(folder, { description: "a GPU", subgroupMinSize: "8" });
    assertEquals(await recall(), real);
    forge(folder, { description: "a GPU" });
    assertEquals((await recall()).description, "a GPU");
    const file = fileOf(folder);
    const torn = Deno.readTextFileSync(file).slice(0, -9);
    Deno.removeSync(file);
    Deno.writeTextFileSync(file, torn);
    assertEquals(await recall(), real);
  }));

Deno.test("a device computes nothing that was planned for another one", () =>
  inStore(async (folder) => {
    const store = openStore(folder);
    for (const policy of ["exact", "class", "any"] as const) {
      await openStepDevice(store, await readNumericClass(policy, store));
    }
    const planned = await readNumericClass("exact", store) as Record<string, never>;
    const other = { ...planned, description: "a GPU that was here" };
    await assertRejects(() => openStepDevice(store, other), DeviceError, "run again");
  }));

Deno.test("the launcher lets the program read what it passes on of the machine", async () => {
  const [, names] = /--allow-env=(GYRUS_CACHE\S+)/.exec(await Deno.readTextFile(launcher))!;
  assertEquals(names.split(",").includes("GYRUS_MACHINE"), true);
});
