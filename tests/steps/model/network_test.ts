import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { dropoutOf } from "../../../src/nn/layers/activation.ts";
import { newNetwork } from "../../../src/steps/model/network.ts";

const VOLUME = [1, 64, 64, 64];
const SLICE = [1, 64, 64];

Deno.test("a network has ClinicaDL's dropout for it unless another is given", () => {
  const dropouts = [
    ["Conv5_FC3", 0],
    ["Conv4_FC3", 0],
    ["Stride_Conv5_FC3", 0],
    ["resnet18", 0],
    ["ResNet3D", 0.8],
    ["SqueezeExcitationCNN", 0.5],
  ] as const;
  for (const [architecture, dropout] of dropouts) {
    assertEquals(dropoutOf(newNetwork({ architecture }, VOLUME, 2)), dropout, architecture);
    assertEquals(dropoutOf(newNetwork({ architecture, dropout: 0.25 }, VOLUME, 2)), 0.25);
  }
});

Deno.test("a ResNet ends in ClinicaDL's layers for slices and in a linear one for volumes, if no head is named", () => {
  const last = (shape: number[], head?: "clinicadl" | "linear") =>
    newNetwork({ architecture: "resnet18", head }, shape, 3).parameters.tensors.at(-1);
  assertEquals(last(SLICE)!.name, "fc_out.bias");
  assertEquals(last(SLICE, "linear")!.name, "fc.bias");
  assertEquals(last(VOLUME)!.name, "fc.bias");
  assertEquals(last(VOLUME, "linear")!.shape, [3]);
  assertThrows(
    () => last(VOLUME, "clinicadl"),
    DataError,
    "architecture: resnet18 can't take elements of 64 x 64 x 64: resnet18 of volumes has no head " +
      '"clinicadl"; take "linear"',
  );
});
