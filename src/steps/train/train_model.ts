/** A train step from its inputs to the `model` artifact. */
import { digestTensors } from "../../artifacts/tensor_digests.ts";
import type { Task } from "../../evaluation/predictions.ts";
import type { StepOutput } from "../../workflow/step.ts";
import { EpochLoop } from "./epoch_loop.ts";
import { createNetworks } from "./initial_weights.ts";
import { assembleModel } from "./model_output.ts";
import { trainingNotes } from "./parameters.ts";
import { openTrainingData, type TrainingContext } from "./training_data.ts";

/**
 * @throws {DataError} on input that can't be trained on, before the device is touched
 * @throws {DeviceError} when a loss is not finite, the network does not fit, or the device fails
 */
export async function trainModel(
  context: TrainingContext,
  task: Task,
): Promise<StepOutput> {
  const data = await openTrainingData(
    context,
    task,
    (images, samples) => digestTensors(images, samples, context),
  );
  trainingNotes(context.params, Object.keys(context.inputs)).forEach((note) => context.log(note));
  const networks = await createNetworks(context, data);
  const checkpoint = await context.checkpoints?.latest(context.params.epochs);
  const loop = new EpochLoop(context, data, networks, await context.services.device());
  if (checkpoint) await loop.resume(checkpoint.artifact);
  await loop.run();
  return await assembleModel(context, data, networks);
}
