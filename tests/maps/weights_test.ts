import { assertEquals } from "@std/assert";
import type { Tensor } from "../../src/formats/tensor.ts";
import { readWeights, weightsParts } from "../../src/maps/weights.ts";

function tensor(...shape: number[]): Tensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.5);
  return { dtype: "float32", shape, data };
}

async function roundTrip(architecture: string, parameters: Map<string, Tensor>) {
  const parts = weightsParts({ parameters, epoch: 3 }, architecture);
  const bytes = await new Blob(parts).bytes();
  return readWeights(bytes, architecture, "model.pth.tar");
}

for (const architecture of ["resnet18", "resnet34"]) {
  Deno.test(`${architecture} of volumes retains MONAI's names and its head in a MAPS`, async () => {
    const parameters = new Map([
      ["conv1.weight", tensor(2, 1, 7, 7, 7)],
      ["layer1.0.conv1.weight", tensor(2, 2, 3, 3, 3)],
      ["fc.weight", tensor(2, 4)],
      ["fc.bias", tensor(2)],
    ]);
    assertEquals(await roundTrip(architecture, parameters), { parameters, epoch: 3 });
  });
}

Deno.test("ClinicaDL's residual networks of volumes retain their names in a MAPS", async () => {
  const parameters = new Map([
    ["convolutions.0.0.conv1.weight", tensor(8, 1, 3, 3, 3)],
    ["convolutions.0.0.se_block.fc1.weight", tensor(1, 8)],
    ["fc.4.bias", tensor(2)],
  ]);
  for (const architecture of ["ResNet3D", "SqueezeExcitationCNN"]) {
    assertEquals(await roundTrip(architecture, parameters), { parameters, epoch: 3 });
  }
});
