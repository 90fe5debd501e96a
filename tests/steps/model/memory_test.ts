import { assert, assertEquals } from "@std/assert";
import type { Device } from "../../../src/gpu/device.ts";
import { typicalDevice } from "../../../src/gpu/planning_device.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import {
  countSideBySide,
  fittingBatch,
  plannedTrainingMemory,
} from "../../../src/steps/model/memory.ts";

const device = (kind: Device["class"]) => ({ class: kind });
const GIB = 2 ** 30;

Deno.test("networks go side by side while they fit, and one goes in any case", () => {
  assertEquals(countSideBySide(device("discrete"), [GIB, GIB, GIB, GIB, GIB]), 4);
  assertEquals(countSideBySide(device("discrete"), [GIB, 4 * GIB, 1]), 1);
  assertEquals(countSideBySide(device("discrete"), [9 * GIB, 1]), 1);
  assertEquals(countSideBySide(device("discrete"), [Infinity, 1]), 1);
});

Deno.test("on a software adapter networks side by side take half of the memory that is left", () => {
  assertEquals(countSideBySide(device("software"), Array(9).fill(GIB), 16 * GIB), 2);
  assertEquals(countSideBySide(device("software"), Array(9).fill(GIB / 4), 2 * GIB), 4);
  assertEquals(countSideBySide(device("software"), [GIB], GIB / 2), 1);
});

Deno.test("a batch to apply a network to is halved until it fits, and holds one item in any case", async () => {
  const fitting = (kind: Device["class"], asked: number, perItem: number, most = Infinity) =>
    fittingBatch(
      device(kind),
      asked,
      (size) => Promise.resolve(size > most ? Infinity : size * perItem),
    );
  assertEquals(await fitting("discrete", 32, GIB / 8), 32);
  assertEquals(await fitting("discrete", 32, GIB / 4), 16);
  assertEquals(await fitting("software", 32, GIB / 4), 8);
  assertEquals(await fitting("software", 5, GIB), 2);
  assertEquals(await fitting("discrete", 32, 1, 3), 2);
  assertEquals(await fitting("discrete", 32, 9 * GIB), 1);
});

Deno.test("a batch with a tensor that the device does not hold takes infinitely many bytes", async () => {
  const bytesOf = (batchSize: number) =>
    plannedTrainingMemory(typicalDevice("software"), {
      network: createNetwork("Stride_Conv5_FC3", [1, 200, 200, 200], 2),
      batchSize,
      optimizer: { name: "SGD", learningRate: 1 },
    });
  assert(await bytesOf(1) < 4 * GIB);
  assertEquals(await bytesOf(8), Infinity);
});
