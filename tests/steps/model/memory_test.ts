import { assert, assertEquals } from "@std/assert";
import type { Device } from "../../../src/gpu/device.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import {
  countSideBySide,
  estimateInferenceBytes,
  estimateTrainingBytes,
} from "../../../src/steps/model/memory.ts";

const device = (kind: Device["class"]) => ({ class: kind }) as Device;
const GIB = 2 ** 30;

Deno.test("networks go side by side while they fit, and one goes in any case", () => {
  assertEquals(countSideBySide(device("discrete"), [GIB, GIB, GIB, GIB, GIB]), 4);
  assertEquals(countSideBySide(device("software"), [GIB, GIB, GIB, GIB, GIB]), 2);
  assertEquals(countSideBySide(device("discrete"), [GIB, 4 * GIB, 1]), 1);
  assertEquals(countSideBySide(device("discrete"), [9 * GIB, 1]), 1);
});

Deno.test("a network needs more memory to be trained than to be applied", () => {
  const network = createNetwork("resnet18", [3, 64, 64], 2);
  const [training, inference] = [
    estimateTrainingBytes(network, 16),
    estimateInferenceBytes(network, 16),
  ];
  assert(inference > 2 * 4 * network.parameters.deviceLength);
  assert(training > 2 * inference);
  assert(estimateTrainingBytes(network, 32) > training);
});
