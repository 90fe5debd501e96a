import { convForward } from "../../../kernels/conv/mod.ts";
import { openDevice } from "../../../src/gpu/device.ts";
import { ProgramBuilder } from "../../../src/gpu/program.ts";
import { kernelTables, useKernelTable } from "../../../src/gpu/tuning.ts";
import {
  assertCloseTo,
  checkTable,
  computeReference,
  layer,
  oddShapes,
  randomProblem,
  toTiles,
  withTable,
} from "./problem.ts";
import { limitedDevice } from "../../gpu/limited_device.ts";
import { fromBlocks, toBlocks } from "./reference.ts";
import { checkVolumes } from "./volumes.ts";

const implicitGemm = {
  ...kernelTables.software,
  convolution: "implicit_gemm",
  winograd: false,
} as const;

for (const [name, shape] of Object.entries(oddShapes)) {
  Deno.test(`implicit GEMM agrees with float64: ${name}`, async () => {
    await withTable(implicitGemm, (device) => checkTable(device, shape));
  });
}

Deno.test("implicit GEMM of volumes", async (t) => {
  await checkVolumes(t, implicitGemm);
});

for (
  const [gemmPixels, gemmChannels, gemmLanePixels] of [[64, 64, 8], [64, 128, 4], [128, 128, 8]]
) {
  Deno.test(`tiles of ${gemmPixels} pixels x ${gemmChannels} channels, ${gemmLanePixels} pixels a lane, agree with float64`, async () => {
    await withTable(
      { ...implicitGemm, gemmPixels, gemmChannels, gemmLanePixels },
      (device) => checkTable(device, layer(2, 20, 9, 8, 68, 3, 1, 1)),
    );
  });
}

// Few pixels and many channels: sums over taps and channels are split into slices.
for (const stride of [1, 2]) {
  Deno.test(`split reductions of stride ${stride} agree with float64`, async () => {
    await withTable(
      { ...implicitGemm, convolutionWorkgroups: 264 },
      (device) => checkTable(device, layer(2, 100, 5, 4, 72, 3, stride, 1)),
    );
  });
}

Deno.test("a grid longer than the device allows is folded and agrees with float64", async () => {
  const opened = await openDevice();
  try {
    const device = limitedDevice(opened, { maxComputeWorkgroupsPerDimension: 4 });
    // 10 tiles of 64 pixels in 3 rows of 4.
    useKernelTable(device, { ...implicitGemm, gemmPixels: 64 });
    const shape = layer(2, 4, 20, 15, 4, 1, 1, 0);
    const problem = randomProblem(shape);
    const input = device.buffer("input", toBlocks(problem.input, 2, 4, 300));
    const output = device.buffer("output", input.bytes);
    const weights = device.buffer("weights", toTiles(shape, problem.weights));
    const bias = device.buffer("bias", problem.bias);
    const program = new ProgramBuilder(device, "folded");
    convForward(program, { input, weights, bias, output, shape });
    (await program.build()).run();
    const results = { output: fromBlocks(await device.readFloats(output), 2, 4, 300) };
    assertCloseTo("float64", shape, results, { output: computeReference(problem).output });
  } finally {
    opened.destroy();
  }
});
