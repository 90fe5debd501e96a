import { assertEquals } from "@std/assert";
import { openDevice } from "../../../src/gpu/device.ts";
import { assertCloseTo, computeReference, oddShapes, randomProblem, runNaive } from "./problem.ts";

// The tests of the other variants compare this one with them at the larger shapes.
for (const [name, shape] of Object.entries(oddShapes).slice(0, 6)) {
  Deno.test(`naive convolution agrees with float64: ${name}`, async () => {
    const device = await openDevice();
    try {
      const problem = randomProblem(shape);
      const results = await runNaive(device, problem);
      const { biasGradient: _, ...wanted } = computeReference(problem);
      assertCloseTo("float64", shape, results, wanted);
      assertEquals(await runNaive(device, problem), results, "a second run gave other bits");
    } finally {
      device.destroy();
    }
  });
}
