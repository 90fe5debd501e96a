import { assert, assertEquals } from "@std/assert";
import { type Candidate, tune } from "../../src/device/tune.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { kernelTable, kernelTables, useKernelTable } from "../../src/gpu/tuning.ts";

Deno.test("tune measures every choice, takes the fastest and makes the device use it", async () => {
  const device = await openDevice();
  try {
    const start = { ...kernelTables.software, winogradTiles: 1 };
    useKernelTable(device, start);
    const seen: Candidate[] = [];
    const fastest = await tune(device, {
      layers: [{
        images: 2,
        channels: 32,
        depth: 1,
        height: 8,
        width: 8,
        outChannels: 32,
        kernel: [1, 3, 3],
        stride: [1, 1, 1],
        padding: [0, 1, 1],
      }],
      seconds: 0.02,
      onMeasured: (candidate) => seen.push(candidate),
    });
    assert(fastest !== undefined);
    assertEquals(kernelTable(device), fastest.table);
    assertEquals(seen[0].table, start);
    assertEquals(
      new Set(seen.map((candidate) => candidate.table.winograd)),
      new Set([true, false]),
    );
    assert(seen.every((candidate) => candidate.milliseconds > 0));
    assert(seen.includes(fastest));
    const least = Math.min(...seen.map((candidate) => candidate.milliseconds));
    assert(fastest.milliseconds <= least / 0.97 ** 3);
  } finally {
    device.destroy();
  }
});
