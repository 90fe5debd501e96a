/** What a training computes at each evaluation: a row of numbers for every item, and metrics of rows. */
import { reconstructionMetrics } from "../../../evaluation/reconstruction_metrics.ts";
import { meanScores } from "../../../evaluation/reconstruction_scores.ts";
import type { NetworkOutputs } from "../../../nn/predictor.ts";
import { meanLoss, type ReconstructionErrors } from "../../../nn/reconstruction.ts";
import type { Trainer } from "../../../nn/training/trainer.ts";
import { type ElementData, numbersRead } from "../../model/element_data.ts";
import { asPredictions, type ScoredItems, summarise } from "../../model/scores.ts";
import { isVariational } from "../../model/autoencoder_parameters.ts";
import { reconstructionObjective } from "../reconstruction_objective.ts";
import type { TrainingContext, TrainingData } from "../training_data.ts";

export interface Evaluator {
  /**
   * Applies every network of a trainer to items of its own.
   *
   * @returns logits, or of a reconstruction its errors, a row an item
   */
  evaluate(trainer: Trainer, items: readonly Uint32Array[]): Promise<NetworkOutputs[]>;
  /** Loss and metrics of items of one network. */
  score(trainer: Trainer, run: number, scored: ScoredItems): Record<string, number>;
}

export function evaluatorOf(
  context: TrainingContext,
  data: TrainingData,
  elements: ElementData,
): Evaluator {
  return data.task === "reconstruction"
    ? new ReconstructionEvaluator(context, elements)
    : new LabelEvaluator(data, elements);
}

/** Of classes and numbers. */
class LabelEvaluator implements Evaluator {
  constructor(readonly data: TrainingData, readonly elements: ElementData) {}

  async evaluate(trainer: Trainer, items: readonly Uint32Array[]): Promise<NetworkOutputs[]> {
    return await trainer.evaluate(items.map((list) => numbersRead(this.elements, list)));
  }

  score(trainer: Trainer, run: number, scored: ScoredItems): Record<string, number> {
    const { samples, images, targets, classes } = this.data;
    const table = { samples, elements: images.elements, targets, classes };
    const items = numbersRead(this.elements, scored.items);
    const loss = trainer.computeLoss(run, scored.outputs.logits, items);
    return { ...summarise(asPredictions(table, [scored])), loss };
  }
}

/** Of what is given back. Some metrics need the images, which are read back if one selects. */
class ReconstructionEvaluator implements Evaluator {
  readonly #columns: readonly string[];
  readonly #ofImages: readonly ("PSNR" | "SSIM")[];

  constructor(readonly context: TrainingContext, readonly elements: ElementData) {
    const { selection_metrics, normalize } = context.params;
    const selecting = new Set<string>(selection_metrics);
    // The range of values, which PSNR is relative to, is known where they are normalised.
    const ofImages = normalize ? ["SSIM" as const] : ["PSNR" as const, "SSIM" as const];
    this.#ofImages = ofImages.filter((name) => selecting.has(name));
    this.#columns = [...ERRORS, ...normalize ? ["PSNR"] : [], ...this.#ofImages];
  }

  async evaluate(trainer: Trainer, items: readonly Uint32Array[]): Promise<NetworkOutputs[]> {
    const read = items.map((list) => numbersRead(this.elements, list));
    const errors = await trainer.evaluateReconstruction(read);
    const metrics = this.#ofImages.length > 0
      ? await this.#measureImages(trainer, read)
      : undefined;
    const outputs = this.#columns.length;
    return errors.map((each, run) => {
      const logits = new Float32Array(items[run].length * outputs);
      items[run].forEach((_, i) => {
        const row = rowOf(each, i).slice(0, outputs - this.#ofImages.length);
        logits.set([...row, ...metrics?.[run][i] ?? []], i * outputs);
      });
      return { logits, outputs };
    });
  }

  /** The metrics of images of each run's items, in their order. */
  async #measureImages(trainer: Trainer, items: readonly Uint32Array[]): Promise<number[][][]> {
    const measured: number[][][] = items.map(() => []);
    await trainer.reconstruct(items, ({ run, input, output }) => {
      const { network } = trainer.options.runs[run];
      const metrics = reconstructionMetrics(input, output, network.input);
      measured[run].push(this.#ofImages.map((name) => metrics[name]));
    });
    return measured;
  }

  score(_: Trainer, __: number, { outputs: { logits, outputs } }: ScoredItems) {
    const column = (index: number) =>
      Float64Array.from(
        { length: logits.length / outputs },
        (_, row) => logits[row * outputs + index],
      );
    const { params } = this.context;
    const terms = { reconstruction: column(0), kl: column(1) };
    const { loss, reconstruction, kl } = meanLoss(reconstructionObjective(params), terms);
    const metrics = this.#columns.flatMap((name, i) =>
      i < TERMS ? [] : [[name, column(i)] as const]
    );
    return {
      ...meanScores(Object.fromEntries(metrics)),
      ...(isVariational(params.architecture) && { recon_loss: reconstruction, kl_loss: kl }),
      loss,
    };
  }
}

/** Columns of every row, of which the first are terms of the loss. */
const ERRORS = ["recon_loss", "kl_loss", "MAE", "RMSE"];
const TERMS = 2;

function rowOf(
  { reconstruction, kl, absolute, squared, minimum }: ReconstructionErrors,
  item: number,
): number[] {
  // ClinicaDL's range: of normalised values from 0, and of signed ones.
  const range = minimum[item] < 0 ? 2 : 1;
  return [
    reconstruction[item],
    kl[item],
    absolute[item],
    Math.sqrt(squared[item]),
    10 * Math.log10(range ** 2 / squared[item]),
  ];
}
