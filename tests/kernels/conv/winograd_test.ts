import type { ConvShape } from "../../../kernels/conv/mod.ts";
import { kernelTables } from "../../../src/gpu/tuning.ts";
import { checkTable, layer, withTable } from "./problem.ts";

const shapes: Record<string, ConvShape> = {
  "5 to 7 channels, 7x7, one image": layer(1, 5, 7, 7, 7, 3, 1, 1),
  "3 to 36 channels, 9x6, without padding": layer(2, 3, 9, 6, 36, 3, 1, 0),
  "20 to 68 channels, 12x8, padding 2": layer(3, 20, 12, 8, 68, 3, 1, 2),
};

for (const [name, shape] of Object.entries(shapes)) {
  Deno.test(`Winograd's convolution agrees with float64: ${name}`, async () => {
    await withTable(
      { ...kernelTables.software, winogradChannels: 1, winogradTiles: 1 },
      (device) => checkTable(device, shape, 10),
    );
  });
}
