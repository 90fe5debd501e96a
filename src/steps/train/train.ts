/** A train step from its inputs to the `model` artifact. */
import type { StepOutput } from "../../workflow/step.ts";
import { createMembers } from "./initial_weights.ts";
import { modelOutput } from "./model_output.ts";
import { trainingNotes } from "./parameters.ts";
import { setUp, type TrainingContext } from "./setup.ts";
import { Training } from "./training.ts";

/**
 * @throws {DataError} on input that can't be trained on, before the device is touched
 * @throws {DeviceError} when a loss is not finite, the network does not fit, or the device fails
 */
export async function trainModel(
  context: TrainingContext,
  task: "classification" | "regression",
): Promise<Record<string, StepOutput>> {
  const setup = await setUp(context, task);
  trainingNotes(context.params, Object.keys(context.inputs)).forEach((note) => context.log(note));
  const members = await createMembers(context, setup);
  const checkpoint = await context.checkpoints?.latest(context.params.epochs);
  const training = new Training(context, setup, members, await context.services.device());
  if (checkpoint) await training.resume(checkpoint.artifact);
  await training.run();
  return { model: await modelOutput(context, task, setup, members) };
}
