import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import type { Task } from "../../../src/evaluation/predictions.ts";
import type { TrainingPlan } from "../../../src/nn/memory.ts";
import type { InputShape } from "../../../src/nn/network.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { checkMemory, checkPlannedMemory } from "../../../src/steps/train/memory_check.ts";
import {
  classificationParameters,
  reconstructionParameters,
  type TrainingParams,
} from "../../../src/steps/train/parameters.ts";
import { preflightTraining } from "../../../src/steps/train/preflight.ts";

const MIB = 2 ** 20;
const networkOf = (sides: number[]) =>
  createNetwork("Conv5_FC3", [1, ...sides] as unknown as InputShape, 2);

/** 10 MiB, and 1 MiB a voxel along x for each image of a batch. */
const bytesOf = ({ network, batchSize }: TrainingPlan) =>
  Promise.resolve((10 + network.input.at(-1)! * batchSize) * MIB);

function check(left: number, reduction: boolean, params = {}) {
  return checkMemory({
    params: classificationParameters.parse({ label: "diagnosis", batch_size: 8, ...params }),
    network: networkOf([32, 32, 40]),
    reduced: (factor) => reduction ? networkOf([32, 32, Math.ceil(40 / factor)]) : undefined,
    bytesOf,
    left: left * MIB,
  });
}

Deno.test("a training that does not fit names the batch that does, and steps that make up for it", async () => {
  assertEquals(await check(330, true), undefined);
  await assertRejects(
    () => check(329, false),
    DataError,
    "batch_size: 8 of Conv5_FC3 on 1x32x32x40 takes 330.0 MiB of memory, and 329.0 MiB are left; " +
      "use batch_size 7 with accumulation_steps 2",
  );
  await assertRejects(
    () => check(131, false, { accumulation_steps: 2 }),
    DataError,
    "use batch_size 3 with accumulation_steps 6",
  );
});

Deno.test("where no batch fits, the least reduction of the images with which one does is named", async () => {
  const reduction = "no batch_size fits; use size_reduction with size_reduction_factor 2";
  await assertRejects(() => check(49, true, { batch_size: 1 }), DataError, reduction);
  await assertRejects(
    () => check(49, true),
    DataError,
    `${reduction} and batch_size 1 with accumulation_steps 8`,
  );
  await assertRejects(
    () => check(49, false),
    DataError,
    "no batch_size fits; use smaller elements",
  );
  await assertRejects(() => check(17, true), DataError, "no batch_size fits; use smaller elements");
});

Deno.test("a tensor beyond what the device holds is refused wherever its memory is not known", async () => {
  const params = classificationParameters.parse({ label: "diagnosis", batch_size: 4 });
  await assertRejects(
    () =>
      checkMemory({
        params,
        network: networkOf([32, 32, 40]),
        reduced: () => undefined,
        bytesOf: ({ batchSize }) => Promise.resolve(batchSize > 2 ? Infinity : 1),
        left: Infinity,
      }),
    DataError,
    "makes a tensor larger than the device holds; use batch_size 2 with accumulation_steps 2",
  );
});

Deno.test("a plan refuses a training for which a software adapter's memory does not do", async () => {
  const params = classificationParameters.parse({ label: "diagnosis", batch_size: 4 });
  const training = { params, network: networkOf([32, 32, 40]), reduced: () => undefined };
  await assertRejects(
    () => checkPlannedMemory(training, 48 * MIB),
    DataError,
    "4 of Conv5_FC3 on 1x32x32x40 takes",
  );
  assertEquals(await checkPlannedMemory(training, 1024 * MIB), undefined);
  assertEquals(await checkPlannedMemory(training, undefined), undefined);
});

/** What a training on whole brains is refused for before it is planned any further. */
const refusedOnWholeBrains = (params: TrainingParams, task: Task, message: string) =>
  assertRejects(
    () => {
      const images = { mode: "image", elements: 1, element_shape: [1, 169, 208, 179] };
      const inputs = { images: { declared: images } };
      return preflightTraining({ params, inputs, unknown: ["train", "validation"] }, task);
    },
    DataError,
    message,
  );

Deno.test("a plan refuses whole brains that a network can't take on a software adapter, and names what fits", async () => {
  await refusedOnWholeBrains(
    classificationParameters.parse({ architecture: "resnet18", batch_size: 2 }),
    "classification",
    "batch_size: 2 of resnet18 on 1x169x208x179 makes a tensor larger than the device holds; " +
      "no batch_size fits; use size_reduction with size_reduction_factor 2",
  );
  await refusedOnWholeBrains(
    reconstructionParameters.parse({ batch_size: 4 }),
    "reconstruction",
    "batch_size: 4 of AE_Conv5_FC3 on 1x169x208x179 makes a tensor larger than the device holds; " +
      "use batch_size 2 with accumulation_steps 2",
  );
});
