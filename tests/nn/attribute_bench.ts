/** Maps of 16 images of 64x64 by ResNet-18; the peer is inference alone, forward passes of the same. */
import { openDevice } from "../../src/gpu/device.ts";
import { attribute } from "../../src/nn/attribute.ts";
import { infer } from "../../src/nn/infer.ts";
import { createNetwork } from "../../src/nn/networks/mod.ts";
import { createInitialState } from "../../src/nn/state_dict.ts";

const [count, side] = [16, 64];
const device = await openDevice();
const network = createNetwork("resnet18", [3, side, side], 2);
const image = Float32Array.from({ length: side * side }, (_, i) => Math.sin(i * i));
const options = {
  data: {
    shape: [1, side, side] as const,
    count,
    normalisation: "element" as const,
    read: () => image,
  },
  batchSize: count,
  runs: [{
    network,
    weights: createInitialState(network, 1),
    items: Uint32Array.from({ length: count }, (_, i) => i),
  }],
};

Deno.bench("logits alone", { group: "attribution", baseline: true }, async () => {
  await infer(device, options);
});
Deno.bench("gradients", { group: "attribution" }, async () => {
  await attribute(device, { ...options, target: 0, method: { kind: "gradients" } });
});
Deno.bench("Grad-CAM at layer4", { group: "attribution" }, async () => {
  await attribute(device, { ...options, target: 0, method: { kind: "grad_cam" } });
});
Deno.bench("Grad-CAM at layer1", { group: "attribution" }, async () => {
  await attribute(device, { ...options, target: 0, method: { kind: "grad_cam", level: "layer1" } });
});
