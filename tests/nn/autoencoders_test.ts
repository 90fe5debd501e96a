/** Networks that reconstruct their input: shapes, names, and what they refuse. */
import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import type { Tensor } from "../../src/formats/tensor.ts";
import { AUTOENCODERS, VARIATIONAL } from "../../src/nn/names.ts";
import type { InputShape } from "../../src/nn/network.ts";
import {
  type AutoencoderOptions,
  autoencoders,
  createAutoencoder,
} from "../../src/nn/networks/autoencoders.ts";
import { createNetwork } from "../../src/nn/networks/mod.ts";
import {
  createBlankState,
  createInitialState,
  exportState,
  importState,
} from "../../src/nn/state_dict.ts";
import { transferConvolutions } from "../../src/nn/transfer.ts";

interface Tensors {
  architecture: string;
  input: InputShape;
  tensors: Record<string, number[]>;
}

const clinicadl: Tensors[] = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/nn/autoencoder_tensors.json", import.meta.url)),
);

const VOLUME: InputShape = [1, 32, 40, 32];

for (const { architecture, input, tensors } of clinicadl) {
  Deno.test(`${architecture} has the tensors of ClinicaDL's, by name and shape`, () => {
    const network = createAutoencoder(architecture, input);
    const exported = exportState(network, createBlankState(network), "clinicadl");
    const found = [...exported].map(([name, { shape }]) => `${name} ${shape.join("x")}`).sort();
    const expected = Object.entries(tensors).map(([name, shape]) => `${name} ${shape.join("x")}`);
    assertEquals(found, expected.sort());
  });
}

Deno.test("networks that reconstruct have the parameter counts of ClinicaDL", () => {
  const count = (name: string, input: InputShape) =>
    createAutoencoder(name, input).summarise().reduce((sum, { parameters }) => sum + parameters, 0);
  const reduced: InputShape[] = [[1, 80, 96, 80], [1, 56, 64, 56], [1, 40, 48, 40], VOLUME];
  const expected = {
    Vanilla3DdenseVAE: [20_411_360, 5_461_856, 2_314_592, 1_790_048],
    CVAE_3D_half: [80_337_217, 27_177_281, 11_255_617, 6_650_177],
    CVAE_3D_final_conv: [80_336_093, 27_176_157, 11_254_493, 6_649_053],
  };
  for (const [name, counts] of Object.entries(expected)) {
    assertEquals(reduced.map((input) => count(name, input)), counts, name);
  }
  assertEquals(count("AE_Conv5_FC3", [1, 169, 208, 179]), 589_059);
  assertEquals(count("AE_Conv5_FC3", [3, 208, 179]), 197_635);
  assertEquals(count("GeneratorUNet", [1, 64, 64, 64]), 50_527_681);
});

Deno.test("the options of Vanilla3DdenseVAE set its sizes, and the code has latent_space_size", () => {
  const shapes = (options: AutoencoderOptions) => {
    const network = createAutoencoder("Vanilla3DdenseVAE", VOLUME, options);
    const tensors = new Map(network.parameters.tensors.map(({ name, shape }) => [name, shape]));
    return { network, tensors };
  };
  const options = { latentSpaceSize: 20, featureSize: 30, convolutions: 2, ioLayerChannels: 6 };
  const { network, tensors } = shapes(options);
  assertEquals(network.latentLength, 20);
  assertEquals(tensors.get("encoder.0.layer.0.weight"), [6, 1, 4, 4, 4]);
  assertEquals(tensors.get("encoder.1.layer.0.weight"), [12, 6, 4, 4, 4]);
  assertEquals(tensors.get("encoder.3.0.weight"), [30, 12 * 8 * 10 * 8]);
  assertEquals(tensors.get("var_layer.weight"), [20, 30]);
  const without = shapes({ ...options, featureSize: 0 }).tensors;
  assertEquals(without.get("mu_layer.weight"), [20, 12 * 8 * 10 * 8]);
  assertEquals(without.get("decoder.0.0.weight"), [12 * 8 * 10 * 8, 20]);
});

Deno.test("the list of networks that reconstruct has every name, and those with a distribution", () => {
  assertEquals(Object.keys(autoencoders), [...AUTOENCODERS]);
  const sides: InputShape = [1, 64, 64, 64];
  const variational = AUTOENCODERS.filter((name) => createAutoencoder(name, sides).variational);
  assertEquals(variational, [...VARIATIONAL]);
});

Deno.test("networks that reconstruct refuse other inputs and options, and CVAE_3D with its size", () => {
  const refused: [string, InputShape, AutoencoderOptions, string][] = [
    ["CVAE_3D", [1, 169, 208, 179], {}, "866,946,369 parameters"],
    ["CVAE_4D", VOLUME, {}, 'no network "CVAE_4D" that reconstructs; there are AE_Conv5_FC3,'],
    ["CVAE_3D_half", [1, 32, 40, 36], {}, "multiples of 8, not 1x32x40x36"],
    ["GeneratorUNet", [1, 64, 64, 80], {}, "multiples of 32, not 1x64x64x80"],
    ["GeneratorUNet", [1, 32, 32, 32], {}, "needs more than one value a channel"],
    ["Vanilla3DdenseVAE", [1, 64, 64], {}, "takes volumes, channels x depth x height x width"],
    ["Vanilla3DdenseVAE", [1, 8, 8, 8], {}, "too small"],
    ["CVAE_3D_half", VOLUME, { latentSpaceSize: 0 }, "latent_space_size 0 is not possible"],
    ["Vanilla3DdenseVAE", VOLUME, { convolutions: 1.5 }, "n_conv 1.5 is not possible"],
  ];
  for (const [name, input, options, message] of refused) {
    assertThrows(() => createAutoencoder(name, input, options), RangeError, message);
  }
});

/** Weights as a file of a model has them. */
function stateDictOf(network: ReturnType<typeof createNetwork>, seed: number): Map<string, Tensor> {
  return new Map(exportState(network, createInitialState(network, seed)));
}

Deno.test("convolutions go from a classification network to an autoencoder and back", () => {
  const input: InputShape = [1, 33, 36, 40];
  const classifier = createNetwork("Conv5_FC3", input, 2);
  const autoencoder = createAutoencoder("AE_Conv5_FC3", input);
  const source = stateDictOf(classifier, 5);
  const forward = transferConvolutions(autoencoder, source, "model.safetensors");
  const state = importState(autoencoder, forward, "model.safetensors", { seed: 6 });
  const given = exportState(autoencoder, state);
  const random = exportState(autoencoder, createInitialState(autoencoder, 6));
  for (const [name, { data }] of given) {
    const isEncoder = name.startsWith("encoder.");
    const expected = isEncoder
      ? source.get(name.replace("encoder.", "convolutions."))!.data
      : random.get(name)!.data;
    assertEquals(data, expected, name);
  }
  const back = transferConvolutions(classifier, given, "model.safetensors");
  const convolutions = [...source].filter(([name]) => name.startsWith("convolutions."));
  assertEquals(
    new Map([...back].map(([name, { data }]) => [name, data])),
    new Map(
      convolutions.map(([name, { data }]) => [name, data]),
    ),
  );
});

Deno.test("a transfer refuses weights without such convolutions, and those of other shapes", () => {
  const input: InputShape = [1, 64, 64, 64];
  const autoencoder = createAutoencoder("AE_Conv5_FC3", input);
  const transfer = (to: ReturnType<typeof createNetwork>, from: ReturnType<typeof createNetwork>) =>
    transferConvolutions(to, stateDictOf(from, 1), "model.safetensors");
  const vae = createAutoencoder("CVAE_3D_final_conv", input);
  assertThrows(() => transfer(autoencoder, vae), DataError, "the weights have neither");
  assertThrows(() => transfer(vae, autoencoder), DataError, "the network has neither");
  const strided = createNetwork("Stride_Conv5_FC3", input, 2);
  assertThrows(() => transfer(autoencoder, strided), DataError, "encoder.4.weight is [16]");
  const images = createNetwork("Conv5_FC3", [1, 64, 64], 2);
  assertThrows(
    () => transfer(autoencoder, images),
    DataError,
    "encoder.0.weight is [8, 1, 3, 3], not [8, 1, 3, 3, 3]",
  );
});
