import { assertEquals } from "@std/assert";
import {
  fromClinicadlNames,
  isClinicadlArchitecture,
  toClinicadlNames,
} from "../../src/maps/parameter_names.ts";

Deno.test("ResNet-18's parameters have ClinicaDL's names in a MAPS, and ours again when read", () => {
  const pairs = [
    ["conv1.weight", "convolutions.0.weight"],
    ["bn1.running_mean", "convolutions.1.running_mean"],
    ["layer1.0.conv1.weight", "convolutions.4.0.conv1.weight"],
    ["layer4.1.bn2.bias", "convolutions.7.1.bn2.bias"],
    [
      "layer2.0.downsample.1.num_batches_tracked",
      "convolutions.5.0.downsample.1.num_batches_tracked",
    ],
    ["fc.weight", "fc.1.weight"],
    ["fc_out.bias", "fc.fc_out.bias"],
  ];
  const ours = new Map(pairs.map(([name], i) => [name, i]));
  const clinicadl = new Map(pairs.map(([, name], i) => [name, i]));
  assertEquals(toClinicadlNames("resnet18", ours), clinicadl);
  assertEquals(fromClinicadlNames("resnet18", clinicadl), ours);
});

Deno.test("ClinicaDL's own networks and those that it does not have retain their names", () => {
  const parameters = new Map([["convolutions.0.weight", 1], ["fc.2.bias", 2]]);
  for (const architecture of ["Conv5_FC3", "ResNet3D", "resnet34", "toString"]) {
    assertEquals(toClinicadlNames(architecture, parameters), parameters);
    assertEquals(fromClinicadlNames(architecture, parameters), parameters);
  }
});

Deno.test("a network that is called as a property of objects is no network of ClinicaDL", () => {
  assertEquals(isClinicadlArchitecture("constructor"), false);
});
