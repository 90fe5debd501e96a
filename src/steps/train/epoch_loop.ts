/** Trains one network, or one an element, epoch by epoch, with checkpoints. */
import { describeImageSet } from "../../artifacts/images.ts";
import { DeviceError } from "../../errors.ts";
import type { Device } from "../../gpu/device.ts";
import type { NetworkOutputs } from "../../nn/predictor.ts";
import { Trainer, type TrainingRun } from "../../nn/training/trainer.ts";
import type { Artifact, Blob } from "../../workflow/step.ts";
import { type ElementData, elementData, numbersRead } from "../model/element_data.ts";
import { loadingOf } from "../model/loading.ts";
import { bytesLeft, countSideBySide, residentBytes, trainingMemory } from "../model/memory.ts";
import { sliceItems } from "../model/scores.ts";
import { encodeWeights } from "../model/weights.ts";
import {
  chainPosition,
  comparePositions,
  decodeCheckpoint,
  encodeCheckpoint,
  encodeOutputs,
  joinStates,
  type NetworkSnapshot,
  type Position,
  splitState,
  type SuspendedNetwork,
} from "./checkpoint.ts";
import { type Evaluator, evaluatorOf } from "./evaluation/evaluator.ts";
import { frozenParameters, seedOf } from "./initial_weights.ts";
import { checkMemory } from "./memory_check.ts";
import type { TrainingParams } from "./parameters.ts";
import { planReduced } from "./plan_networks.ts";
import { mean, reportEvaluation } from "./evaluation/progress.ts";
import {
  type EvaluationRow,
  firstEvaluated,
  improvedMetrics,
  itemsOfNetworks,
  type TrainedNetwork,
  updateStopping,
} from "./trained_network.ts";
import { type CommonOptions, groupData, trainerOptions } from "./trainer_options.ts";
import type { TrainingContext, TrainingData } from "./training_data.ts";

/**
 * A training in progress. Networks that fit the device together are a group and trained side by
 * side; groups are trained one after another, each through all its epochs.
 *
 * A number of a network is its index in `networks`.
 */
export class EpochLoop {
  readonly #options: CommonOptions;
  readonly #evaluator: Evaluator;
  readonly #elements: ElementData;
  /** Items of each network: those it is trained on, then those that validate it. */
  readonly #items: readonly Uint32Array<ArrayBuffer>[];
  /** Those of them that evaluations cover. */
  readonly #evaluated: readonly Uint32Array<ArrayBuffer>[];
  /** Number of items that each network is trained on. */
  readonly #trainingItems: number;
  /** Networks that have started, are not finished, and are not on the device. */
  readonly #suspended = new Map<number, SuspendedNetwork>();
  #onDevice?: { trainer: Trainer; group: readonly number[] };
  #lastSave = performance.now();

  constructor(
    readonly context: TrainingContext,
    readonly data: TrainingData,
    readonly networks: readonly TrainedNetwork[],
    readonly device: Device,
  ) {
    const { params } = context;
    const { samples, training } = data;
    this.#items = itemsOfNetworks(context, data, networks);
    this.#evaluated = itemsOfNetworks(context, data, networks, firstEvaluated(context, data));
    this.#trainingItems = this.#items[0].length / samples.length * training;
    const batches = Math.ceil(this.#trainingItems / params.batch_size);
    if (params.evaluation_steps > 0 && (nextEvaluation(0, params) ?? batches) >= batches) {
      context.warn(
        `evaluation_steps ${params.evaluation_steps} is too large for the ${batches} batches of an ` +
          "epoch: the networks are evaluated at the end of each epoch only",
      );
    }
    this.#options = trainerOptions(context, data);
    this.#elements = elementData(data.images, samples, loadingOf(params));
    this.#evaluator = evaluatorOf(context, data, this.#elements);
  }

  /** Restores a checkpoint. @throws {DataError} when it is corrupt */
  async resume(checkpoint: Artifact): Promise<void> {
    const { suspended, histories } = await decodeCheckpoint(checkpoint);
    for (const [network, state] of suspended) this.#suspended.set(network, state);
    this.networks.forEach(({ history }, i) => Object.assign(history, histories[i]));
    const [first] = suspended.values();
    const { epoch, batch } = first?.position ?? { epoch: histories[0].epochs, batch: 0 };
    const within = batch > 0 ? `, batch ${batch}` : "";
    this.context.log(`continuing from a checkpoint at epoch ${epoch}${within}`);
  }

  /**
   * Trains every network up to `epochs`.
   *
   * @throws `signal.reason` after an interrupt, with a checkpoint saved
   * @throws {DeviceError} a loss that is not finite, or a device that failed
   */
  async run(): Promise<void> {
    const { signal } = this.context;
    try {
      let group = await this.#nextGroup();
      while (group) {
        await this.#trainEpoch(group);
        group = await this.#nextGroup();
        if (group && this.#saveIsDue()) await this.#saveCheckpoint();
      }
      await this.#moveToHost();
      await this.#saveFinal();
    } catch (error) {
      if (signal.aborted && error === signal.reason) await this.#saveCheckpoint();
      throw error;
    } finally {
      this.#release();
    }
  }

  /** The networks to train next: the first that are not done, at the same position, that fit. */
  async #nextGroup(): Promise<readonly number[] | undefined> {
    const { epochs } = this.context.params;
    const waiting = [...this.networks.keys()].filter((network) => {
      const { history } = this.networks[network];
      return !history.stopping.stopped && history.epochs < epochs;
    });
    if (waiting.length === 0) return undefined;
    const present = this.#onDevice?.group.filter((network) => waiting.includes(network)) ?? [];
    if (present.length > 0) return present;
    const position = this.#positionOf(waiting[0]);
    const together = waiting.filter((network) =>
      comparePositions(this.#positionOf(network), position) === 0
    );
    const { batchSize, optimizer, accumulationSteps, augmentation, storage } = this.#options;
    const plan = { batchSize, optimizer, accumulationSteps, augmentation, storage };
    const bytes = await Promise.all(
      together.map((network) =>
        trainingMemory(this.device, { ...plan, network: this.networks[network].network })
      ),
    );
    return together.slice(0, this.#elements.varied ? 1 : countSideBySide(this.device, bytes));
  }

  /** Position of a network that is not on the device. */
  #positionOf(network: number): Position {
    return this.#suspended.get(network)?.position ?? { epoch: 0, batch: 0 };
  }

  /** Trains the rest of an epoch, with the evaluations within it. */
  async #trainEpoch(group: readonly number[]): Promise<void> {
    const { context } = this;
    const { params, signal } = context;
    const trainer = await this.#open(group);
    const finished = this.networks.reduce((sum, { history }) => sum + history.epochs, 0);
    const all = this.networks.length * params.epochs;
    const fractionAt = (part: number) => (finished + part * group.length) / all;
    let ended = false;
    while (!ended) {
      const { losses, imagesPerSecond } = await trainer.trainEpoch({
        signal,
        until: nextEvaluation(trainer.batch, params),
        onProgress: ({ epoch, batch, batches, losses, imagesPerSecond }) =>
          context.progress({
            fraction: fractionAt(batch / batches),
            message: `epoch ${epoch + 1}/${params.epochs}, ${imagesPerSecond.toFixed(1)} images/s`,
            ...(losses && { metrics: { loss: mean(losses) } }),
          }),
      });
      ended = trainer.batch === 0;
      // An interrupt waits for the evaluation, which a resumed training would not make up for.
      const outputs = await this.#evaluate(trainer, group);
      if (ended) await this.#endEpoch(trainer, group, losses, outputs);
      const part = ended ? 1 : trainer.batch / trainer.batches;
      const rows = group.map((network) => this.networks[network].history.rows.at(-1)!);
      reportEvaluation(context, { group, rows, fraction: fractionAt(part), part, imagesPerSecond });
    }
  }

  /** Adds a row to each curve. @returns outputs of each network for its evaluated items */
  async #evaluate(trainer: Trainer, group: readonly number[]): Promise<NetworkOutputs[]> {
    const evaluated = await this.#evaluator.evaluate(
      trainer,
      group.map((network) => this.#evaluated[network]),
    );
    const ended = trainer.batch === 0;
    for (const [run, network] of group.entries()) {
      const all = { outputs: evaluated[run], items: this.#evaluated[network] };
      const validation = this.#items[network].length - this.#trainingItems;
      const training = all.items.length - validation;
      const valid = sliceItems(all, training, all.items.length);
      const row = {
        epoch: ended ? trainer.epoch - 1 : trainer.epoch,
        iteration: (ended ? trainer.batches : trainer.batch) - 1,
        train: training > 0
          ? this.#evaluator.score(trainer, run, sliceItems(all, 0, training))
          : {},
        valid: this.#evaluator.score(trainer, run, valid),
      };
      if (!Number.isFinite(row.valid.loss)) {
        throw new DeviceError(
          `The validation loss of ${
            this.#label(network)
          } is ${row.valid.loss} after epoch ${row.epoch}, batch ${row.iteration}. ` +
            "Take a smaller learning_rate, or look for extreme values in the validation images",
        );
      }
      this.networks[network].history.rows.push(row);
    }
    return evaluated;
  }

  /** Updates schedules, best weights and early stopping by the evaluation at an epoch's end. */
  async #endEpoch(
    trainer: Trainer,
    group: readonly number[],
    losses: readonly Float32Array[],
    outputs: readonly NetworkOutputs[],
  ): Promise<void> {
    const { context, context: { params } } = this;
    for (const [run, network] of group.entries()) {
      const { history } = this.networks[network];
      const row = history.rows[history.rows.length - 1];
      history.epochs++;
      if (params.log_iterations) history.iterations.push([...losses[run]]);
      trainer.observe(run, row.valid.loss);
      await this.#keepBest(trainer, run, network, row, outputs[run]);
      updateStopping(history, row.valid, params);
      if (history.stopping.stopped) {
        context.log(`${this.#label(network)} stops early after epoch ${row.epoch + 1}`);
      }
    }
  }

  /** Stores weights and outputs of an epoch that is the best so far, or weights of every epoch. */
  async #keepBest(
    trainer: Trainer,
    run: number,
    index: number,
    { epoch, valid }: EvaluationRow,
    outputs: NetworkOutputs,
  ): Promise<void> {
    const { params } = this.context;
    const { history, network } = this.networks[index];
    const improved = improvedMetrics(history, params.selection_metrics);
    if (improved.length === 0 && !params.save_all_models) return;
    const state = await trainer.readNetworkState(run);
    const weights = await this.context.put(encodeWeights(network, state, epoch));
    if (improved.length > 0) {
      const stored = await this.context.put(encodeOutputs(outputs));
      for (const metric of improved) {
        history.best[metric] = { epoch, value: valid[metric], weights, outputs: stored };
      }
    }
    if (params.save_all_models) history.all.push(weights);
  }

  #label(network: number): string {
    return this.context.params.multi_network ? `network ${network}` : "the network";
  }

  /** The trainer of a group, which continues from suspended states where there are any. */
  async #open(group: readonly number[]): Promise<Trainer> {
    if (this.#onDevice?.group.join() === group.join()) return this.#onDevice.trainer;
    await this.#moveToHost();
    const { params } = this.context;
    await checkMemory({
      params,
      network: this.networks[group[0]].network,
      reduced: (factor) => planReduced(params, describeImageSet(this.data.images), factor),
      bytesOf: (plan) => trainingMemory(this.device, plan),
      left: bytesLeft(this.device),
    });
    const suspended = group.flatMap((network) => this.#suspended.get(network) ?? []);
    const runs: TrainingRun[] = [];
    for (const number of group) {
      const { network, index, initialState } = this.networks[number];
      runs.push({
        label: this.#label(number),
        network,
        initial: suspended.length > 0 ? undefined : await initialState(),
        items: numbersRead(this.#elements, this.#items[number].subarray(0, this.#trainingItems)),
        seed: seedOf(params.seed, index),
        frozen: frozenParameters(network, params.nb_unfrozen_layer),
        classWeights: this.data.classWeights,
      });
    }
    const resume = suspended.length > 0
      ? await joinStates(suspended, runs.map(({ network }) => network), this.context.get)
      : undefined;
    const element = this.#elements.varied ? this.networks[group[0]].index : undefined;
    const trainer = await Trainer.create(this.device, {
      ...this.#options,
      ...groupData(this.#elements, this.data, element),
      residentBytes: residentBytes(this.device),
      runs,
      resume,
    });
    for (const network of group) this.#suspended.delete(network);
    this.#onDevice = { trainer, group };
    return trainer;
  }

  /** Suspends the networks on the device and frees it. */
  async #moveToHost(): Promise<void> {
    for (const [network, { weights, buffers, ...rest }] of await this.#readDevice()) {
      this.#suspended.set(network, {
        ...rest,
        weights: weights instanceof Uint8Array ? await this.context.put(weights) : weights,
        buffers: buffers instanceof Uint8Array ? await this.context.put(buffers) : buffers,
      });
    }
    this.#release();
  }

  /** State of the networks on the device that have not stopped early. */
  async #readDevice(): Promise<Map<number, NetworkSnapshot>> {
    if (!this.#onDevice) return new Map();
    const { trainer, group } = this.#onDevice;
    // Weights that an epoch's end has just stored are not read from the device again.
    const stored = new Map(
      group.flatMap((network, run): [number, Blob][] => {
        const { best } = this.networks[network].history;
        const newest = Object.values(best).find(({ epoch }) =>
          trainer.batch === 0 && epoch === trainer.epoch - 1
        );
        return newest ? [[run, newest.weights]] : [];
      }),
    );
    const state = await trainer.readState(new Set(stored.keys()));
    const snapshots = splitState(state, group.map((i) => this.networks[i].network), stored);
    return new Map(
      snapshots.map((snapshot, run) => [group[run], snapshot] as const)
        .filter(([network]) => !this.networks[network].history.stopping.stopped),
    );
  }

  #release(): void {
    this.#onDevice?.trainer.destroy();
    this.#onDevice = undefined;
  }

  #saveIsDue(): boolean {
    const seconds = (performance.now() - this.#lastSave) / 1000;
    return seconds >= this.context.params.checkpoint_interval;
  }

  /** Saves a checkpoint of an unfinished training. */
  async #saveCheckpoint(): Promise<void> {
    if (!this.context.checkpoints) return;
    const suspended = new Map<number, NetworkSnapshot>([
      ...this.#suspended,
      ...await this.#readDevice(),
    ]);
    // Networks that stopped early count too: a run with fewer epochs must not use them.
    const newest = [
      ...[...suspended.values()].map(({ position }) => position),
      ...this.networks.map(({ history }): Position => ({ epoch: history.epochs, batch: 0 })),
    ].reduce((a, b) => comparePositions(a, b) < 0 ? b : a);
    await this.#save(newest, suspended, false);
  }

  /** Saves the checkpoint from which a run with more epochs continues. */
  async #saveFinal(): Promise<void> {
    await this.#save({ epoch: this.context.params.epochs, batch: 0 }, this.#suspended, true);
  }

  async #save(
    position: Position,
    suspended: ReadonlyMap<number, NetworkSnapshot>,
    final: boolean,
  ): Promise<void> {
    const histories = this.networks.map(({ history }) => history);
    const output = encodeCheckpoint({ suspended, histories });
    await this.context.checkpoints?.save(chainPosition(position), output, { final });
    this.#lastSave = performance.now();
  }
}

/**
 * The batch of an epoch before which to evaluate next, after `batch`; none where only the epoch's
 * end is evaluated. As in ClinicaDL, an evaluation waits until accumulated gradients are applied.
 */
function nextEvaluation(
  batch: number,
  { evaluation_steps, accumulation_steps }: TrainingParams,
): number | undefined {
  if (evaluation_steps === 0) return undefined;
  let next = batch + 1;
  while (next % evaluation_steps > 0 || next % accumulation_steps > 0) next++;
  return next;
}
