/**
 * Every network trains, evaluates and explains on Dawn, and an image is registered and resampled, at WebGPU's
 * default limits and by the kernels of each adapter class: Tint compiles each kernel, and Dawn checks each buffer, binding, dispatch and copy. With
 * GYRUS_TEST_FULL=1 also with every optimizer, and with images of the size of a brain's slice. At the end Dawn
 * remarks that a dispatch has no workgroups: by such ones `compile` has software adapters compile.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { isClassLoss } from "../../kernels/loss.ts";
import {
  countJointly,
  jointHistogramParams,
  resultBytes,
} from "../../kernels/registration/joint_histogram.ts";
import type { ReconstructionLoss } from "../../kernels/autoencoder/reconstruction.ts";
import { resampleVolume } from "../../kernels/registration/resample.ts";
import { DeviceError } from "../../src/errors.ts";
import type { AdapterClass, Device } from "../../src/gpu/device.ts";
import { ProgramBuilder } from "../../src/gpu/program.ts";
import { kernelTable, useKernelTable } from "../../src/gpu/tuning.ts";
import { Uniforms } from "../../src/gpu/uniforms.ts";
import { sampleFixed } from "../../src/imaging/registration/fixed_samples.ts";
import { attribute } from "../../src/nn/attribute.ts";
import {
  AUGMENTATIONS,
  AUTOENCODERS,
  type NetworkName,
  NETWORKS,
  OPTIMIZERS,
  VARIATIONAL,
} from "../../src/nn/names.ts";
import { createAutoencoder } from "../../src/nn/networks/autoencoders.ts";
import { createNetwork, takesImages } from "../../src/nn/networks/mod.ts";
import { generatorUnet } from "../../src/nn/networks/unet.ts";
import { createBlankState } from "../../src/nn/state_dict.ts";
import { Trainer, type TrainerOptions } from "../../src/nn/training/trainer.ts";
import { measureOnDevice } from "../../src/steps/preprocess/device_information.ts";
import { resampleOnDevice } from "../../src/steps/preprocess/device_registration.ts";
import { randomProblem, runTable, volumeLayer } from "../kernels/conv/problem.ts";
import { shaders } from "../kernels/shaders.ts";
import { everyTransform } from "../nn/transforms/every_transform.ts";
import { adapters } from "./adapters.ts";
import { openDawn } from "./dawn.ts";
import { limitedDevice } from "./limited_device.ts";

type Sides = readonly [number, number] | readonly [number, number, number];

/** Large enough for Winograd's algorithm in a full batch, not in the smaller one. */
const small: Sides = [96, 96];
/** The least that every network of volumes takes. */
const smallVolume: Sides = [63, 63, 63];
const items = Uint32Array.of(0, 1, 2, 3, 4, 5);
const REGRESSION_LOSSES = ["mse", "l1", "huber", "smooth_l1", "bce_with_logits", "kl_div"] as const;
const VARIATIONAL_LOSSES = ["gaussian", "bernoulli", "continuous_bernoulli"] as const;

function dataset(sides: Sides) {
  return {
    shape: [1, ...sides] as const,
    count: items.length,
    normalisation: "element" as const,
    read: () => new Float32Array(sides.reduce((product: number, side) => product * side, 1)),
  };
}

function create(name: NetworkName, sides: Sides) {
  const isConvFc = name.includes("FC3");
  return createNetwork(name, [isConvFc ? 1 : 3, ...sides], 2, isConvFc ? { dropout: 0.5 } : {});
}

/** Trains networks for one epoch, of a full batch and a smaller one, and evaluates. */
async function train(
  device: Device,
  name: NetworkName,
  change: Partial<TrainerOptions> = {},
  sides = small,
  networks = 1,
): Promise<void> {
  const { loss = "cross_entropy" } = change;
  const network = create(name, sides);
  // Dawn's null backend computes nothing with weights, so none are drawn.
  const initial = createBlankState(network);
  const trainer = await Trainer.create(device, {
    data: dataset(sides),
    targets: typeof loss === "string" && isClassLoss(loss)
      ? new Uint32Array(6)
      : new Float32Array(12),
    runs: Array.from({ length: networks }, () => ({
      label: name,
      network,
      items,
      seed: 0,
      initial,
    })),
    loss,
    batchSize: 4,
    optimizer: { name: "Adam", learningRate: 1e-3 },
    augmentation: sides.length === 2 ? AUGMENTATIONS : [],
    ...change,
  });
  try {
    await trainer.trainEpoch();
    await trainer.evaluate(new Array(networks).fill(items.subarray(0, 6 / networks)));
    await device.gpu.queue.onSubmittedWorkDone();
    device.check();
  } finally {
    trainer.destroy();
  }
}

/** Trains an autoencoder for an epoch, of a full batch and a smaller one, and applies it. */
async function reconstructAll(
  device: Device,
  name: string,
  sides: Sides,
  losses: readonly ReconstructionLoss[],
): Promise<void> {
  const options = { latentSpaceSize: 6, featureSize: 8, convolutions: 3, ioLayerChannels: 4 };
  // Dawn's null backend has no memory for the parameters of the full U-Net.
  const network = name === "GeneratorUNet"
    ? generatorUnet([1, ...sides], [4, 8, 8, 12, 16])
    : createAutoencoder(name, [1, ...sides], options);
  for (const loss of losses) {
    const trainer = await Trainer.create(device, {
      data: dataset(sides),
      runs: [{ label: name, network, items, seed: 0, initial: createBlankState(network) }],
      loss: { name: loss },
      batchSize: 4,
      optimizer: { name: "Adam", learningRate: 1e-3 },
    });
    try {
      await trainer.trainEpoch();
      await trainer.evaluateReconstruction([items]);
      await trainer.reconstruct([items], () => {});
      await device.gpu.queue.onSubmittedWorkDone();
      device.check();
    } finally {
      trainer.destroy();
    }
  }
}

async function explain(device: Device, name: NetworkName): Promise<void> {
  const network = create(name, small);
  const runs = [{ network, weights: createBlankState(network), items }];
  for (const kind of ["gradients", "grad_cam"] as const) {
    await attribute(device, {
      data: dataset(small),
      batchSize: 4,
      runs,
      target: 0,
      method: { kind },
    });
  }
  device.check();
}

/** Registers and resamples an image in one buffer and in two, as images beyond a binding are. */
async function register(device: Device): Promise<void> {
  const image = {
    shape: [8, 9, 10] as [number, number, number],
    data: new Float32Array(720).map((_, at) => at % 7),
    affine: Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1),
  };
  const fixed = sampleFixed(image, [0, 0, 0], 1, 1);
  const information = await measureOnDevice(device, fixed, image, "excluded");
  await information.evaluate(image.affine);
  await information.gaussNewtonMatrix();
  information.close();
  await resampleOnDevice(device, image, image, image.affine);
  const buffer = (bytes: number) => device.buffer("test", bytes);
  const volume = { shape: image.shape, slabs: [buffer(4 * 8 * 9 * 6), buffer(4 * 8 * 9 * 4)] };
  const program = new ProgramBuilder(device, "two slabs");
  const { shape } = image;
  resampleVolume(program, { volume, shape, toMoving: buffer(48), y: buffer(4 * 720) });
  countJointly(program, {
    samples: 720,
    volume,
    params: new Uniforms(device, "test", jointHistogramParams).buffer,
    maps: buffer(96),
    positions: buffer(12 * 720),
    fixedBins: buffer(720),
    moving: buffer(16 * 720),
    results: buffer(resultBytes(device, 720)),
  });
  (await program.build()).run();
  await device.gpu.queue.onSubmittedWorkDone();
  device.check();
}

/** Convolves volumes in all passes: of one channel, with a stride, and longer than one binding. */
async function convolve(device: Device): Promise<void> {
  await runTable(device, randomProblem(volumeLayer(1, 1, [6, 7, 8], 8, 3, 1, 1)));
  await runTable(device, randomProblem(volumeLayer(2, 8, [6, 7, 8], 12, 3, 2, 1)));
  const limited = limitedDevice(device, { maxStorageBufferBindingSize: 2 ** 16 });
  useKernelTable(limited, { ...kernelTable(device), weightGradientWorkgroups: 8 });
  await runTable(limited, randomProblem(volumeLayer(1, 8, [6, 17, 24], 8, 3, 1, 1)));
  limited.check();
  device.check();
}

/** Every entry point that a class runs, such as `pool.max_forward`. */
function entriesOf(adapterClass: AdapterClass): string[] {
  const others = adapterClass === "software"
    ? /^conv\/(naive|implicit_gemm)/
    : /^conv\/(naive|direct|winograd)/;
  return [...shaders()]
    .flatMap(([path, source]) =>
      [...source.matchAll(/@compute[^{]*?fn (\w+)/g)].map(([, entry]) =>
        path.replace(/\.wgsl$/, `.${entry}`)
      )
    )
    .filter((name) => !others.test(name))
    .sort();
}

for (const adapterClass of Object.keys(adapters) as AdapterClass[]) {
  Deno.test(`Tint compiles every kernel of ${adapterClass} adapters, and all networks train by them at default limits`, async () => {
    const { device, compiled, listRemarks } = await openDawn(adapterClass);
    try {
      for (const name of NETWORKS) {
        await train(device, name, {}, takesImages(name) ? small : smallVolume);
      }
      await train(device, "Conv5_FC3", {}, smallVolume);
      await train(device, "Conv4_FC3", {
        loss: "multi_margin",
        optimizer: { name: "SGD", learningRate: 0.1, momentum: 0.9, nesterov: true, clipNorm: 1 },
        accumulationSteps: 2,
      });
      await train(device, "Conv4_FC3", { loss: "mse" });
      await train(device, "Conv4_FC3", {
        transforms: { entries: everyTransform, spacing: [1, 1] },
      });
      const transforms = { entries: everyTransform, spacing: [1, 1, 1] };
      await train(device, "Conv4_FC3", { transforms }, [16, 17, 18]);
      await train(device, "Conv4_FC3", { labelSmoothing: 0.1 });
      await train(device, "Conv4_FC3", { loss: "focal" });
      await reconstructAll(device, "AE_Conv5_FC3", [33, 40], REGRESSION_LOSSES);
      await reconstructAll(device, "Vanilla3DdenseVAE", [16, 19, 16], VARIATIONAL_LOSSES);
      for (const name of AUTOENCODERS.filter((name) => name !== "AE_Conv4_FC3")) {
        const loss = VARIATIONAL.includes(name) ? "gaussian" : "mse";
        await reconstructAll(device, name, [32, 32, 64], [loss]);
      }
      await explain(device, "resnet18");
      await register(device);
      await convolve(device);
      assertEquals([...compiled].sort(), entriesOf(adapterClass));
      assertEquals(await listRemarks(), []);
    } finally {
      device.destroy();
    }
  });

  Deno.test({
    name: `every optimizer and full slices pass Dawn's checks on ${adapterClass} adapters`,
    ignore: Deno.env.get("GYRUS_TEST_FULL") !== "1",
    async fn() {
      const { device, listRemarks } = await openDawn(adapterClass);
      try {
        for (const name of OPTIMIZERS) {
          await train(device, "Stride_Conv5_FC3", { optimizer: { name, learningRate: 0.1 } });
        }
        for (const name of NETWORKS.filter(takesImages)) {
          await train(device, name, { accumulationSteps: 2 }, [208, 179]);
          await explain(device, name);
        }
        assertEquals(await listRemarks(), []);
      } finally {
        device.destroy();
      }
    },
  });
}

Deno.test("networks side by side, and with float16, pass Dawn's checks by the kernels of GPUs", async () => {
  const { device, listRemarks } = await openDawn("discrete");
  try {
    // ResNet-34 has the kernels of ResNet-18, and Dawn's null backend little memory.
    for (const name of NETWORKS.filter((name) => name !== "resnet34")) {
      const accumulationSteps = takesImages(name) ? 2 : 1;
      const sides = takesImages(name) ? small : smallVolume;
      await train(device, name, { accumulationSteps, batchSize: 2 }, sides, 2);
    }
    await train(
      device,
      "Conv5_FC3",
      {
        loss: "multi_margin",
        optimizer: { name: "SGD", learningRate: 0.1, momentum: 0.9, clipNorm: 1 },
      },
      smallVolume,
      2,
    );
    await train(device, "Conv4_FC3", { loss: "mse" }, small, 2);
    const storage = "f16";
    await train(device, "Conv5_FC3", { storage, batchSize: 2 }, smallVolume, 2);
    for (const name of ["resnet18", "SqueezeExcitationCNN"] as const) {
      await train(device, name, { storage }, takesImages(name) ? small : smallVolume);
    }
    assertEquals(await listRemarks(), []);
  } finally {
    device.destroy();
  }
});

Deno.test("Tint refuses a number beyond float32 and a barrier that some invocations miss", async () => {
  const { device } = await openDawn("discrete");
  const main = (statement: string) =>
    device.pipeline(
      "probe",
      `var<workgroup> sum: f32;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) lane: u32) { ${statement} }`,
      "main",
    );
  try {
    await main("sum = -3.40282346e38; workgroupBarrier();");
    await assertRejects(() => main("sum = -3.4028235e38;"), DeviceError, "cannot be represented");
    await assertRejects(
      () => main("if (lane < 8u) { workgroupBarrier(); }"),
      DeviceError,
      "uniform control flow",
    );
  } finally {
    device.destroy();
  }
});
