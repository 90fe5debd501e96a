/** A batch normalisation and the max pool behind it, which networks compute in one pass. */
import { assert, assertEquals } from "@std/assert";
import { activationBytes, pixels } from "../../kernels/tensors.ts";
import type { Device } from "../../src/gpu/device.ts";
import { ProgramBuilder } from "../../src/gpu/program.ts";
import { Uniforms } from "../../src/gpu/uniforms.ts";
import { type Activation, Trace } from "../../src/nn/layer.ts";
import { BatchNorm } from "../../src/nn/layers/batch_norm.ts";
import { MaxPool, PadMaxPool } from "../../src/nn/layers/pool.ts";
import { type InputShape, Network } from "../../src/nn/network.ts";
import { stepFields } from "../../src/nn/training/buffers.ts";
import { numbers, onDevice } from "../kernels/on_device.ts";

const batch = 3;

/** Values, gradients and dispatches of the network, its two layers recorded together or alone. */
async function compute(
  device: Device,
  network: Network,
  { mode, together }: { mode: "train" | "evaluate"; together: boolean },
) {
  const shape = network.inputShape(batch);
  const floats = (bytes: number, seed: number) => numbers(bytes / 4, seed);
  const buffer = (content: number | Float32Array<ArrayBuffer>) => device.buffer("test", content);
  const layout = network.parameters;
  const gradients = buffer(floats(layout.deviceLength * 4, 4));
  const statistics = buffer(network.createInitialStatistics());
  const step = new Uniforms(device, "step", stepFields);
  step.set({ step: 0, seed: 5, share: 1 });
  const builder = new ProgramBuilder(device, "layers");
  const trace = new Trace({
    program: builder,
    mode,
    parameters: layout,
    statistics: network.statistics,
    buffers: {
      parameters: buffer(layout.toDevice(numbers(2 * shape.channels, 1))),
      statistics,
      gradients,
      nonFiniteSteps: buffer(64),
    },
    params: step.buffer,
  });
  const inputs = buffer(floats(activationBytes(shape), 2));
  const x: Activation = { shape, tensor: inputs, requiresGradient: true };
  const output = together
    ? network.record(trace, x)
    : network.record(trace, network.record(trace, x, 0, 1), 1);
  const [y, dx] = [output.shape, shape].map((of) => buffer(activationBytes(of)));
  builder.copy(output.tensor, y);
  output.gradient = buffer(floats(activationBytes(output.shape), 3));
  trace.backward();
  assert(x.gradient);
  builder.copy(x.gradient, dx);
  const program = await builder.build();
  program.run();
  const values = await Promise.all(
    [y, dx, gradients, statistics].map((each) => device.readFloats(each)),
  );
  return { values, operations: program.length };
}

const sizes: Record<string, InputShape> = {
  "images with an odd side": [6, 9, 14],
  "volumes with odd sides": [5, 5, 6, 11],
};

for (const [name, input] of Object.entries(sizes)) {
  for (const mode of ["train", "evaluate"] as const) {
    Deno.test(`pooling a normalisation's output in one pass gives the bits of two: ${name}, to ${mode}`, async () => {
      const dimensions = input.length === 4 ? 3 : 2;
      const network = new Network("two layers", input, 1, [
        new BatchNorm("bn", input[0], "relu", dimensions),
        new PadMaxPool("pool", dimensions),
      ]);
      await onDevice(async ({ device }) => {
        const one = await compute(device, network, { mode, together: true });
        const two = await compute(device, network, { mode, together: false });
        assert(one.values[1].some((value) => value !== 0));
        assertEquals(one.values, two.values);
        assert(one.operations < two.operations);
      });
    });
  }
}

Deno.test("a pool whose windows overlap follows the normalisation in a pass of its own", async () => {
  const layers = [new BatchNorm("bn", 6, "relu"), new MaxPool("pool", 3, 2, 1)];
  const network = new Network("two layers", [6, 9, 8], 1, layers);
  assertEquals(pixels(network.layers[1].outputShape(network.inputShape(1))), 20);
  await onDevice(async ({ device }) => {
    const one = await compute(device, network, { mode: "train", together: true });
    const two = await compute(device, network, { mode: "train", together: false });
    assertEquals(one, two);
  });
});
