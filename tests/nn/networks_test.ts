import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import type { Tensor } from "../../src/formats/tensor.ts";
import { describeNetwork } from "../../src/nn/describe.ts";
import { Convolution } from "../../src/nn/layers/convolution.ts";
import { type InputShape, Network } from "../../src/nn/network.ts";
import { createNetwork, networks } from "../../src/nn/networks/mod.ts";
import {
  createBlankState,
  createInitialState,
  diffState,
  exportState,
  importState,
} from "../../src/nn/state_dict.ts";

/** Names in a state dict, in PyTorch's order. */
function listStateNames(network: Network): string[] {
  const state = createBlankState(network);
  return [...exportState(network, state, "clinicadl").keys()];
}

Deno.test("networks have the parameter counts of ClinicaDL and torchvision", () => {
  const count = (...args: Parameters<typeof createNetwork>) =>
    describeNetwork(createNetwork(...args)).parameters;
  assertEquals(count("Conv5_FC3", [3, 208, 179], 2), 7_154_132);
  assertEquals(count("Stride_Conv5_FC3", [3, 208, 179], 2), 7_154_132);
  assertEquals(count("resnet18", [3, 208, 179], 2), 11_691_514);
  assertEquals(count("resnet18", [3, 224, 224], 1000, { head: "linear" }), 11_689_512);
  assertEquals(count("resnet34", [3, 224, 224], 1000, { head: "linear" }), 21_797_672);
});

Deno.test("networks of volumes have the parameters and tensors of ClinicaDL and MONAI", () => {
  const whole = [1, 169, 208, 179] as const;
  const counts: [Parameters<typeof createNetwork>, parameters: number, tensors: number][] = [
    [["Conv5_FC3", whole, 2], 42_293_972, 41],
    [["Stride_Conv5_FC3", whole, 2], 42_293_972, 41],
    [["Conv4_FC3", [1, 50, 50, 50], 2], 348_092, 41],
    [["ResNet3D", whole, 2], 3_517_314, 69],
    [["SqueezeExcitationCNN", whole, 2], 3_523_049, 89],
    [["resnet18", [1, 64, 64, 64], 2], 33_161_922, 125],
    [["resnet18", [1, 64, 64, 64], 2, { shortcutType: "A" }], 32_987_202, 104],
  ];
  for (const [args, parameters, tensors] of counts) {
    const network = createNetwork(...args);
    assertEquals(describeNetwork(network).parameters, parameters, args[0]);
    assertEquals(listStateNames(network).length, tensors, args[0]);
  }
});

Deno.test("networks of volumes take the multiply-adds of their convolutions and linear layers", () => {
  const whole = [1, 169, 208, 179] as const;
  const macs = (name: string) => describeNetwork(createNetwork(name, whole, 2)).macs;
  assertEquals(macs("Conv5_FC3"), 6_648_705_228);
  assertEquals(macs("ResNet3D"), 26_718_733_312);
});

Deno.test("features of volumes keep ClinicaDL's sizes, of odd and of even sides", () => {
  const featureSizes = (name: string, input: InputShape) =>
    createNetwork(name, input, 2).summarise().filter(({ kind }) => kind === "MaxPool3d")
      .map(({ output: { depth, height, width } }) => [depth, height, width]);
  assertEquals(featureSizes("Conv5_FC3", [1, 169, 208, 179]), [
    [85, 104, 90],
    [43, 52, 45],
    [22, 26, 23],
    [11, 13, 12],
    [6, 7, 6],
  ]);
  assertEquals(featureSizes("Conv5_FC3", [1, 50, 50, 50]).at(-1), [2, 2, 2]);
  assertEquals(featureSizes("ResNet3D", [1, 169, 208, 179]), [
    [84, 103, 89],
    [41, 51, 44],
    [20, 25, 21],
    [9, 12, 10],
    [4, 5, 4],
  ]);
});

Deno.test("parameters of networks of volumes bear ClinicaDL's and MONAI's names", () => {
  const batchNorm = (name: string) =>
    ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
      .map((tensor) => `${name}.${tensor}`);
  const conv5 = listStateNames(createNetwork("Conv5_FC3", [1, 40, 48, 40], 2));
  assertEquals(conv5, [
    ...[0, 4, 8, 12, 16].flatMap((i) => [
      `convolutions.${i}.weight`,
      `convolutions.${i}.bias`,
      ...batchNorm(`convolutions.${i + 1}`),
    ]),
    ...[2, 4, 6].flatMap((i) => [`fc.${i}.weight`, `fc.${i}.bias`]),
  ]);
  const strided = createNetwork("Stride_Conv5_FC3", [1, 40, 48, 40], 2);
  assertEquals(strided.parameters.get("convolutions.12.weight").shape, [128, 64, 3, 3, 3]);
  assertEquals(strided.parameters.get("fc.2.weight").shape, [1300, 128 * 2 * 2 * 2]);
  const resnet3d = createNetwork("ResNet3D", [1, 64, 64, 64], 2);
  assertEquals(listStateNames(resnet3d), [
    ...[0, 1, 2, 3, 4].flatMap((i) => [
      `convolutions.${i}.0.conv1.weight`,
      ...batchNorm(`convolutions.${i}.0.bn1`),
      `convolutions.${i}.0.conv2.weight`,
      ...batchNorm(`convolutions.${i}.0.bn2`),
      `convolutions.${i}.0.shortcut.0.weight`,
    ]),
    ...[1, 4].flatMap((i) => [`fc.${i}.weight`, `fc.${i}.bias`]),
  ]);
  assertEquals(resnet3d.parameters.get("fc.1.weight").shape, [256, 128]);
  const excited = createNetwork("SqueezeExcitationCNN", [1, 64, 64, 64], 2);
  assertEquals(listStateNames(excited).filter((name) => !name.includes("convolutions")), [
    "fc.2.weight",
    "fc.2.bias",
    "fc.4.weight",
    "fc.4.bias",
  ]);
  assertEquals(
    listStateNames(excited).filter((name) => name.startsWith("convolutions.0.0.se_block")),
    ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
      .map((name) => `convolutions.0.0.se_block.${name}`),
  );
  const resnet18 = createNetwork("resnet18", [1, 64, 64, 64], 3, { conv1Stride: 2 });
  assertEquals(listStateNames(resnet18).filter((name) => name.startsWith("layer2.0.")), [
    "layer2.0.conv1.weight",
    ...batchNorm("layer2.0.bn1"),
    "layer2.0.conv2.weight",
    ...batchNorm("layer2.0.bn2"),
    "layer2.0.downsample.0.weight",
    "layer2.0.downsample.0.bias",
    ...batchNorm("layer2.0.downsample.1"),
  ]);
  assertEquals(resnet18.parameters.get("conv1.weight").shape, [64, 1, 7, 7, 7]);
  assertEquals(resnet18.parameters.get("fc.weight").shape, [3, 512]);
  const [{ output }] = resnet18.summarise();
  assertEquals([output.depth, output.height, output.width], [32, 32, 32]);
});

Deno.test("ResNet-18 takes 1.814 billion multiply-adds for an image of 224x224", () => {
  const network = createNetwork("resnet18", [3, 224, 224], 1000, { head: "linear" });
  const { macs, layers } = describeNetwork(network);
  assertEquals(Math.round(macs / 1e6), 1814);
  const last = layers.filter(({ kind }) => kind === "Conv2d").at(-1)!;
  assertEquals([last.output.channels, last.output.height, last.output.width], [512, 7, 7]);
});

Deno.test("parameters bear torchvision's names, and ClinicaDL's on export", () => {
  const resnet = createNetwork("resnet18", [3, 64, 64], 2);
  const names = [...exportState(resnet, createInitialState(resnet, 0)).keys()];
  assertEquals(names.slice(0, 6), [
    "conv1.weight",
    "bn1.weight",
    "bn1.bias",
    "bn1.running_mean",
    "bn1.running_var",
    "bn1.num_batches_tracked",
  ]);
  assertEquals(names.length, 62 + 60 + 2);
  const exported = [...exportState(resnet, createInitialState(resnet, 0), "clinicadl").keys()];
  assertEquals(exported[0], "convolutions.0.weight");
  assertEquals(exported.at(-1), "fc.fc_out.bias");
  assertEquals(exported.includes("convolutions.5.0.downsample.1.running_var"), true);
  const conv = createNetwork("Conv5_FC3", [1, 50, 60], 2);
  const convNames = [...exportState(conv, createInitialState(conv, 0), "clinicadl").keys()];
  assertEquals(convNames.includes("convolutions.16.weight"), true);
  assertEquals(convNames.slice(-2), ["fc.6.weight", "fc.6.bias"]);
  const strided = createNetwork("Stride_Conv5_FC3", [1, 50, 60], 2);
  assertEquals(strided.parameters.get("convolutions.12.weight").shape, [128, 64, 3, 3]);
});

Deno.test("a state dict of a network of volumes comes back as it went out", () => {
  const network = createNetwork("ResNet3D", [1, 63, 63, 63], 3);
  const state = createInitialState(network, 5);
  const clean = importState(network, exportState(network, state), "memory");
  assertEquals(importState(network, exportState(network, clean, "clinicadl"), "file"), clean);
  assertEquals(
    network.parameters.toHost(network.parameters.toDevice(clean.parameters)),
    clean.parameters,
  );
});

for (const naming of ["torchvision", "clinicadl"] as const) {
  Deno.test(`a state dict with ${naming} names comes back as it went out`, () => {
    const network = createNetwork("resnet18", [3, 32, 32], 3);
    const state = createInitialState(network, 5);
    state.statistics.forEach((_, i) => state.statistics[i] += i % 7);
    for (const name of state.batches.keys()) state.batches.set(name, 12);
    // Padding between tensors is not part of the state.
    const clean = importState(network, exportState(network, state), "memory");
    assertEquals(importState(network, exportState(network, clean, naming), "file"), clean);
  });
}

Deno.test("a state dict that does not fit is refused with what is missing, unexpected, mis-shaped", () => {
  const network = createNetwork("Conv5_FC3", [1, 40, 40], 2);
  const state = new Map<string, Tensor>();
  for (const [name, tensor] of exportState(network, createInitialState(network, 1))) {
    if (tensor.dtype === "float32") state.set(name, tensor);
  }
  assertEquals(diffState(network, state), { missing: [], unexpected: [], misshaped: [] });
  state.set("fc.6.weight", { dtype: "float32", shape: [3, 50], data: new Float32Array(150) });
  state.set("extra", { dtype: "float32", shape: [1], data: new Float32Array(1) });
  state.delete("convolutions.0.bias");
  const error = assertThrows(() => importState(network, state, "w.pt"), DataError);
  assertEquals(
    error.message,
    "w.pt: the weights don't fit Conv5_FC3 (missing: convolutions.0.bias; unexpected: extra; " +
      "of another shape: fc.6.weight is [3, 50], not [2, 50])",
  );
  const initial = createInitialState(network, 2);
  const partial = importState(network, state, "w.pt", { seed: 2 });
  const { offset, count } = network.parameters.get("fc.6.weight");
  const part = (values: Float32Array) => values.subarray(offset, offset + count);
  assertEquals(part(partial.parameters), part(initial.parameters));
});

Deno.test("NaN, infinite and negative-variance weights are refused by tensor and element", () => {
  const network = createNetwork("Conv5_FC3", [1, 40, 40], 2);
  const refused = (name: string, index: number, value: number, double = false) => {
    const exported = exportState(network, createInitialState(network, 1));
    const state = new Map<string, Tensor>(exported);
    const { shape, data } = exported.get(name)!;
    const values = double ? Float64Array.from(data, Number) : Float32Array.from(data, Number);
    values[index] = value;
    state.set(
      name,
      double
        ? { dtype: "float64", shape, data: values as Float64Array<ArrayBuffer> }
        : { dtype: "float32", shape, data: values as Float32Array<ArrayBuffer> },
    );
    return assertThrows(() => importState(network, state, "w.pt"), DataError).message;
  };
  const advice = "; use weights from before training diverged";
  assertEquals(refused("fc.6.weight", 53, NaN), `w.pt: fc.6.weight[1, 3] is NaN${advice}`);
  assertEquals(
    refused("convolutions.0.weight", 11, -Infinity),
    `w.pt: convolutions.0.weight[1, 0, 0, 2] is infinite${advice}`,
  );
  assertEquals(
    refused("fc.6.bias", 1, 1e39, true),
    `w.pt: fc.6.bias[1] is 1e+39, which is infinite as float32${advice}`,
  );
  assertEquals(
    refused("convolutions.1.running_var", 2, -1),
    `w.pt: convolutions.1.running_var[2] is -1, and a variance can't be negative${advice}`,
  );
});

Deno.test("weights in bfloat16 are imported as the float32 of the same value", () => {
  const network = createNetwork("Conv5_FC3", [1, 40, 40], 2);
  const state = new Map<string, Tensor>(exportState(network, createInitialState(network, 1)));
  state.set("fc.6.bias", { dtype: "bfloat16", shape: [2], data: Uint16Array.of(0x3fc0, 0xbe80) });
  const { offset } = network.parameters.get("fc.6.bias");
  const { parameters } = importState(network, state, "w.pt");
  assertEquals([...parameters.subarray(offset, offset + 2)], [1.5, -0.25]);
});

Deno.test("initial weights are a function of the seed and have the spread that they should", () => {
  const network = createNetwork("resnet18", [3, 32, 32], 2);
  const weights = network.createInitialParameters(3);
  assertEquals(network.createInitialParameters(3), weights);
  const spread = (name: string) => {
    const { offset, count } = network.parameters.get(name);
    const values = weights.subarray(offset, offset + count);
    return Math.sqrt(values.reduce((s, v) => s + v * v, 0) / count);
  };
  const near = (a: number, b: number) =>
    assertEquals(Math.abs(a / b - 1) < 0.02, true, `${a} ${b}`);
  near(spread("layer3.0.conv1.weight"), Math.sqrt(2 / (9 * 256)));
  near(spread("fc.weight"), 1 / Math.sqrt(3 * 512));
  assertEquals(spread("layer1.0.bn1.weight"), 1);
});

Deno.test("networks refuse inputs that they can't take", () => {
  assertThrows(() => createNetwork("resnet9", [3, 32, 32], 2), RangeError, "there are Conv5_FC3");
  assertThrows(() => createNetwork("resnet18", [1, 0, 32], 2), RangeError, "too small");
  assertEquals(Object.keys(networks).length, 8);
  assertThrows(
    () => createNetwork("ResNet3D", [1, 208, 179], 2),
    RangeError,
    "ResNet3D takes volumes, channels x depth x height x width, not 1x208x179",
  );
  assertThrows(
    () => createNetwork("ResNet3D", [1, 62, 64, 64], 2),
    RangeError,
    "convolutions.4.1: an input of 2x3x3 is too small",
  );
  const planar = new Convolution("conv1", { inChannels: 1, outChannels: 4, kernel: 3 });
  assertThrows(
    () => new Network("Conv1", [1, 9, 10, 11], 2, [planar]),
    RangeError,
    "conv1 convolves images, not volumes of 9x10x11",
  );
  assertThrows(
    () => createNetwork("resnet18", [1, 64, 64, 64], 2, { head: "clinicadl" }),
    RangeError,
    'resnet18 of volumes has no head "clinicadl"; take "linear"',
  );
});
