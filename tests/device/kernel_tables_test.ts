import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { openStore } from "../../src/engine/store/store.ts";
import { describeAdapter } from "../../src/gpu/device.ts";
import { type KernelTable, kernelTable, standardTable } from "../../src/gpu/tuning.ts";
import {
  forgetTunedTable,
  readTunedTable,
  saveTunedTable,
} from "../../src/device/kernel_tables.ts";
import { readNumericClass } from "../../src/device/numeric_class.ts";
import { openStepDevice } from "../../src/device/open.ts";

Deno.test("a tuned table is in the numeric class, on the device, and gone when forgotten", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const standard = await readNumericClass("exact", openStore(folder));
    const adapter = await describeAdapter();
    const tuned = { ...standardTable(adapter), weightGradientWorkgroups: 7 };
    await saveTunedTable(openStore(folder), adapter, { table: tuned, milliseconds: 1 });

    const store = openStore(folder);
    const found = await readNumericClass("exact", store);
    assertEquals(found, { ...standard as object, kernels: { ...tuned } });
    assertEquals(
      await readNumericClass("any", store),
      await readNumericClass("any", openStore(folder)),
    );
    const device = await openStepDevice(store);
    assertEquals(kernelTable(device), tuned);

    assert(forgetTunedTable(store, adapter) && !forgetTunedTable(store, adapter));
    // A run keeps the table with which it started.
    assertEquals(await readNumericClass("exact", store), found);
    assertEquals(await readNumericClass("exact", openStore(folder)), standard);
    assertEquals(kernelTable(await openStepDevice(openStore(folder), found)), tuned);
    assertEquals(kernelTable(await openStepDevice(openStore(folder))), standardTable(adapter));
    assertNotEquals(found, standard);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a table of another version of the kernels, or a truncated one, is none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = openStore(folder);
    const adapter = await describeAdapter();
    const { winograd: _, ...older } = standardTable(adapter);
    await saveTunedTable(store, adapter, { table: older as KernelTable, milliseconds: 1 });
    assertEquals(readTunedTable(store, adapter), undefined);
    const [{ name }] = Deno.readDirSync(`${folder}/devices`);
    Deno.writeTextFileSync(`${folder}/devices/${name}`, '{"kernels": ');
    assertEquals(readTunedTable(store, adapter), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
