import { assert, assertEquals, assertRejects } from "@std/assert";
import { openDevice } from "../../src/gpu/device.ts";
import { checkKernel, kernelNames, type Measurement } from "./check_kernel.ts";
import { measureConvolutions } from "./conv/ladder.ts";
import { layer } from "./conv/problem.ts";

Deno.test("an unknown kernel is refused with the names of those that there are", async () => {
  const { message } = await assertRejects(() => checkKernel("convolution"), RangeError);
  assert(message.includes("batch_norm, channel_sums, conv, gather"), message);
  assert(!kernelNames().includes("check_kernel"));
});

Deno.test("every variant of the convolution is compared and timed in every direction", async () => {
  const device = await openDevice();
  try {
    const shape = layer(1, 5, 8, 8, 6, 3, 1, 1);
    const options = { checked: [shape], timed: shape, least: 1 };
    const measured: Measurement[] = [];
    for await (const each of measureConvolutions(device, options)) measured.push(each);
    assertEquals(new Set(measured.map(({ variant }) => variant.split(",")[0])).size, 4);
    assertEquals(measured.length % 3, 0);
    for (const { variant, equal, error, milliseconds, rate } of measured) {
      assert(equal && error > 0 && error < 1e-4, variant);
      assert(milliseconds > 0 && rate > 0, variant);
    }
  } finally {
    device.destroy();
  }
});
