import { assertEquals } from "@std/assert";
import type { ConvShape } from "../../../kernels/conv/mod.ts";
import type { Device } from "../../../src/gpu/device.ts";
import { kernelTables } from "../../../src/gpu/tuning.ts";
import {
  assertCloseTo,
  computeReference,
  oddShapes,
  oddVolumes,
  randomProblem,
  runNaive,
  withTable,
} from "./problem.ts";

async function checkNaive(device: Device, shape: ConvShape): Promise<void> {
  const problem = randomProblem(shape);
  const results = await runNaive(device, problem);
  const { biasGradient: _, ...wanted } = computeReference(problem);
  assertCloseTo("float64", shape, results, wanted);
  assertEquals(await runNaive(device, problem), results, "a second run gave other bits");
}

// The tests of the other variants compare this one with them at the larger shapes.
for (const [name, shape] of Object.entries(oddShapes).slice(0, 6)) {
  Deno.test(`naive convolution agrees with float64: ${name}`, async () => {
    await withTable(kernelTables.software, (device) => checkNaive(device, shape));
  });
}

Deno.test("naive convolution of volumes agrees with float64", async (t) => {
  await withTable(kernelTables.software, async (device) => {
    for (const [name, shape] of Object.entries(oddVolumes)) {
      await t.step(name, () => checkNaive(device, shape));
    }
  });
});
