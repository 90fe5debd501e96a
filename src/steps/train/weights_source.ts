/** Where the weights of a training come from, and what is wrong with that before they are read. */
import { DataError } from "../../errors.ts";
import type { PreflightInput } from "../../workflow/step.ts";
import type { DeclaredModel, TrainingParams } from "./setup.ts";

/** How the weights began, as the model's meta, the report and the MAPS say it. */
export type InitialWeights = "random" | "file" | "transferred";

interface Context {
  params: Pick<
    TrainingParams,
    "initial_weights" | "nb_unfrozen_layer" | "transfer_selection_metric" | "multi_network"
  >;
  inputs: Readonly<Record<string, unknown>>;
}

export function initialWeights({ params, inputs }: Context): InitialWeights {
  if (inputs.transfer) return "transferred";
  return params.initial_weights ? "file" : "random";
}

/** What is known of a model, made or not. */
export function modelOf(model: PreflightInput): DeclaredModel {
  return ("declared" in model ? model.declared : model.meta) as unknown as DeclaredModel;
}

/** @throws {DataError} when there are two sources, none to freeze, or one without such a network */
export function checkBeginning(context: Context): void {
  const { params, inputs } = context;
  if (inputs.transfer && params.initial_weights) {
    throw new DataError("initial_weights", 'conflicts with "in.transfer"; give one of the two');
  }
  if (params.nb_unfrozen_layer > 0 && initialWeights(context) === "random") {
    throw new DataError(
      "nb_unfrozen_layer",
      'random weights must not be frozen; connect "in.transfer" or give initial_weights',
    );
  }
  if (!inputs.transfer) return;
  const source = modelOf(inputs.transfer as PreflightInput);
  const metric = params.transfer_selection_metric;
  if (!source.selection_metrics.includes(metric)) {
    throw new DataError(
      "transfer_selection_metric",
      `the model to transfer from has no best network by ${metric}; it has ${
        source.selection_metrics.join(", ")
      }`,
    );
  }
  if (source.multi_network && !params.multi_network) {
    throw new DataError(
      "multi_network",
      "the model to transfer from has a network for each element; set it to true",
    );
  }
}
