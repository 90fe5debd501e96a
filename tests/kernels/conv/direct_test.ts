import { kernelTables } from "../../../src/gpu/tuning.ts";
import { checkTable, layer, oddShapes, volumeLayer, withTable } from "./problem.ts";
import { checkVolumes } from "./volumes.ts";

const direct = { ...kernelTables.software, winograd: false };

for (const [name, shape] of Object.entries(oddShapes)) {
  Deno.test(`direct convolution agrees with float64: ${name}`, async () => {
    await withTable(direct, (device) => checkTable(device, shape));
  });
}

Deno.test("direct convolution of volumes", async (t) => {
  await checkVolumes(t, direct);
});

Deno.test("3x3x3 convolution of volumes of 2x1x2, most taps in the padding, agrees with float64", async () => {
  await withTable(
    direct,
    (device) => checkTable(device, volumeLayer(5, 128, [2, 1, 2], 132, 3, 1, 1)),
  );
});

Deno.test("register tiles of 16 channels agree with float64", async () => {
  await withTable(
    { ...direct, directChannels: 16 },
    (device) => checkTable(device, layer(2, 20, 9, 8, 68, 3, 1, 1)),
  );
});

Deno.test("a weight gradient of few columns, whose lanes take slices of the pixels, agrees with float64", async () => {
  // Nine slices, so that lanes are left without one.
  await withTable(direct, (device) => checkTable(device, layer(2, 3, 17, 16, 8, 3, 1, 1)));
});
