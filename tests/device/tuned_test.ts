import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { openStore } from "../../src/engine/mod.ts";
import { describeAdapter } from "../../src/gpu/device.ts";
import { type KernelTable, kernelTable, standardTable } from "../../src/gpu/tuning.ts";
import { numericClass, openedFor } from "../../src/device/open.ts";
import { forgetTable, keepTable, tunedTable } from "../../src/device/tuned.ts";

Deno.test("a tuned table is in the numeric class, on the device, and gone when forgotten", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const standard = await numericClass("exact", openStore(folder));
    const adapter = await describeAdapter();
    const tuned = { ...standardTable(adapter), weightGradientWorkgroups: 7 };
    await keepTable(openStore(folder), adapter, tuned);

    const store = openStore(folder);
    const found = await numericClass("exact", store);
    assertEquals(found, { ...standard as object, kernels: { ...tuned } });
    assertEquals(await numericClass("any", store), await numericClass("any", openStore(folder)));
    const device = await openedFor(store);
    assertEquals(kernelTable(device), tuned);

    assert(forgetTable(store, adapter) && !forgetTable(store, adapter));
    // What a run began with it goes on with.
    assertEquals(await numericClass("exact", store), found);
    assertEquals(await numericClass("exact", openStore(folder)), standard);
    assertEquals(kernelTable(await openedFor(openStore(folder), found)), tuned);
    assertEquals(kernelTable(await openedFor(openStore(folder))), standardTable(adapter));
    assertNotEquals(found, standard);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a table of another version of the kernels, or a torn one, is none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = openStore(folder);
    const adapter = await describeAdapter();
    const { winograd: _, ...older } = standardTable(adapter);
    await keepTable(store, adapter, older as KernelTable);
    assertEquals(tunedTable(store, adapter), undefined);
    const [{ name }] = Deno.readDirSync(`${folder}/devices`);
    Deno.writeTextFileSync(`${folder}/devices/${name}`, '{"kernels": ');
    assertEquals(tunedTable(store, adapter), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
