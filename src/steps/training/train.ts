/** Trains one network, or one an element, epoch by epoch. */
import { DeviceError } from "../../errors.ts";
import type { Device } from "../../gpu/device.ts";
import { Trainer, type TrainerOptions } from "../../nn/fit.ts";
import type { Predictions as Outputs } from "../../nn/infer.ts";
import type { Schedule } from "../../nn/schedule.ts";
import type { Artifact, Blob } from "../../workflow/step.ts";
import { seedOf } from "./beginning.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
  park,
  type Parked,
  placeOf,
  unpark,
} from "./checkpoint.ts";
import { elementData, itemsOf } from "./data.ts";
import { type EvaluationRow, improved, type Member, observeStopping } from "./member.ts";
import { sideBySide } from "./memory.ts";
import { asPredictions, summary } from "./scores.ts";
import type { TrainingContext, TrainingParams, TrainingSetup } from "./setup.ts";
import { encodeWeights, frozenParameters } from "./weights.ts";

const LOSSES = {
  CrossEntropyLoss: "cross_entropy",
  MultiMarginLoss: "multi_margin",
  MSELoss: "mse",
  L1Loss: "l1",
  HuberLoss: "huber",
  SmoothL1Loss: "smooth_l1",
  BCEWithLogitsLoss: "bce_with_logits",
  KLDivLoss: "kl_div",
} as const;

/**
 * A training in progress. Networks that fit the device together are trained side by side; those
 * that don't, group after group, each through all its epochs.
 */
export class Training {
  readonly #options: Omit<TrainerOptions, "runs" | "resume">;
  /** Items of each member. */
  readonly #train: readonly Uint32Array<ArrayBuffer>[];
  readonly #valid: readonly Uint32Array<ArrayBuffer>[];
  readonly #parked = new Map<number, Parked>();
  #onDevice?: { trainer: Trainer; members: readonly number[] };
  #lastSave = performance.now();

  constructor(
    readonly context: TrainingContext,
    readonly setup: TrainingSetup,
    readonly members: readonly Member[],
    readonly device: Device,
  ) {
    const { params } = context;
    const { samples, training, images, targets, classes } = setup;
    const level = params.normalize ? params.normalization_level : "none";
    const data = elementData(images, samples, level);
    const items = (first: number, count: number) =>
      members.map(({ index }) =>
        itemsOf(first, count, data.elements, params.multi_network ? index : undefined)
      );
    this.#train = items(0, training);
    this.#valid = items(training, samples.length - training);
    const ofItem = (_: unknown, item: number) => targets[Math.floor(item / data.elements)];
    const batches = Math.ceil(this.#train[0].length / params.batch_size);
    if (params.evaluation_steps > 0 && (nextEvaluation(0, params) ?? batches) >= batches) {
      context.warn(
        `evaluation_steps ${params.evaluation_steps} is too large for the ${batches} batches of an ` +
          "epoch: the networks are evaluated at the end of each epoch only",
      );
    }
    this.#options = {
      data,
      targets: classes > 0
        ? Uint32Array.from({ length: data.count }, ofItem)
        : Float32Array.from({ length: data.count }, ofItem),
      normalisation: level === "element" ? "element" : "none",
      loss: LOSSES[params.loss as keyof typeof LOSSES],
      batchSize: params.batch_size,
      optimizer: {
        name: params.optimizer,
        learningRate: params.learning_rate,
        weightDecay: params.weight_decay,
        clipNorm: params.gradient_clip_norm,
        ...(params.optimizer === "SGD" && { momentum: params.momentum, nesterov: params.nesterov }),
      },
      schedule: scheduleOf(params),
      sampler: params.sampler,
      augmentation: params.data_augmentation,
      accumulationSteps: params.accumulation_steps,
      onCompile: (done, all) =>
        context.progress({ message: `compiling kernels, ${done} of ${all}` }),
    };
  }

  /** Goes back to a checkpoint. @throws {DataError} when it is corrupt */
  async resume(checkpoint: Artifact): Promise<void> {
    const { parked, records } = await decodeCheckpoint(checkpoint);
    for (const [member, place] of parked) this.#parked.set(member, place);
    this.members.forEach(({ record }, i) => Object.assign(record, records[i]));
    const [{ clock }] = [...parked.values(), {
      clock: { epoch: records[0].epochs, batch: 0 },
    }];
    const within = clock.batch > 0 ? `, batch ${clock.batch}` : "";
    this.context.log(`going on from a checkpoint at epoch ${clock.epoch}${within}`);
  }

  /**
   * Trains every member up to `epochs`, with checkpoints.
   *
   * @throws `signal.reason` after an interrupt, with a checkpoint saved
   * @throws {DeviceError} a loss that is not finite, or a device that failed
   */
  async run(): Promise<void> {
    const { params, signal } = this.context;
    try {
      for (let group = this.#next(); group.length > 0; group = this.#next()) {
        await this.#epoch(group);
        const due = performance.now() - this.#lastSave >= params.checkpoint_interval * 1000;
        if (due && this.#next().length > 0) await this.#save();
      }
      await this.#park();
      await this.#save(params.epochs);
    } catch (error) {
      if (signal.aborted && error === signal.reason) await this.#save();
      throw error;
    } finally {
      this.#release();
    }
  }

  /** Whole epochs that a member has trained. */
  #epochsOf(member: number): number {
    return this.members[member].record.epochs;
  }

  /** Members whose turn it is: the first that are not done, stand at one place and fit together. */
  #next(): number[] {
    const waiting = this.members.flatMap(({ record }, member) =>
      record.stopping.stopped || this.#epochsOf(member) >= this.context.params.epochs
        ? []
        : [member]
    );
    const present = this.#onDevice?.members.filter((member) => waiting.includes(member)) ?? [];
    if (present.length > 0) return present;
    const place = (member: number) => {
      const parked = this.#parked.get(member);
      return parked ? placeOf(parked) : 0;
    };
    const together = waiting.filter((member) => place(member) === place(waiting[0]));
    const networks = together.map((member) => this.members[member].network);
    return together.slice(0, sideBySide(networks, this.context.params.batch_size));
  }

  /** What is left of an epoch, with the evaluations within it. */
  async #epoch(group: readonly number[]): Promise<void> {
    const { context } = this;
    const { params, signal } = context;
    const trainer = await this.#open(group);
    const share = 1 / this.members.length;
    const before = this.members.reduce((sum, _, member) => sum + this.#epochsOf(member), 0);
    const fraction = (part: number) => (before + part * group.length) * share / params.epochs;
    for (let ended = false; !ended;) {
      const { losses, imagesPerSecond } = await trainer.trainEpoch({
        signal,
        until: nextEvaluation(trainer.batch, params),
        onProgress: ({ epoch, batch, batches, losses, imagesPerSecond }) =>
          context.progress({
            fraction: fraction(batch / batches),
            message: `epoch ${epoch + 1}/${params.epochs}, ${imagesPerSecond.toFixed(1)} images/s`,
            ...(losses && { metrics: { loss: mean(losses) } }),
          }),
      });
      ended = trainer.batch === 0;
      // An evaluation belongs to what was trained: it is finished even if an interrupt came meanwhile.
      await this.#evaluate(trainer, group);
      if (ended) await this.#endEpoch(trainer, group, losses);
      const part = ended ? 1 : trainer.batch / trainer.batches;
      this.#report(group, { fraction: fraction(part), part, imagesPerSecond });
    }
  }

  /** Adds a row to each curve. */
  async #evaluate(trainer: Trainer, group: readonly number[]): Promise<void> {
    const train = await trainer.evaluate(group.map((member) => this.#train[member]));
    const valid = await trainer.evaluate(group.map((member) => this.#valid[member]));
    const ended = trainer.batch === 0;
    for (const [run, member] of group.entries()) {
      const row = {
        epoch: ended ? trainer.epoch - 1 : trainer.epoch,
        iteration: (ended ? trainer.batches : trainer.batch) - 1,
        train: this.#scores(train[run], this.#train[member]),
        valid: this.#scores(valid[run], this.#valid[member]),
      };
      if (!Number.isFinite(row.valid.loss)) {
        throw new DeviceError(
          `The validation loss of ${
            this.#label(member)
          } is ${row.valid.loss} after epoch ${row.epoch}, batch ${row.iteration}. ` +
            "Take a smaller learning_rate, or look for extreme values in the validation images",
        );
      }
      this.members[member].record.rows.push(row);
    }
  }

  /** Schedules, best weights and early stopping follow the evaluation at an epoch's end alone. */
  async #endEpoch(
    trainer: Trainer,
    group: readonly number[],
    losses: readonly Float32Array[],
  ): Promise<void> {
    const { context, context: { params } } = this;
    for (const [run, member] of group.entries()) {
      const { record } = this.members[member];
      const row = record.rows[record.rows.length - 1];
      record.epochs++;
      if (params.log_iterations) record.iterations.push([...losses[run]]);
      trainer.observe(run, row.valid.loss);
      await this.#keepWeights(trainer, run, member, row);
      observeStopping(record, row.valid.loss, params.patience, params.tolerance);
      if (record.stopping.stopped) {
        context.log(`${this.#label(member)} stops early after epoch ${row.epoch + 1}`);
      }
    }
  }

  #scores(outputs: Outputs, items: Uint32Array): Record<string, number> {
    const { samples, images, targets, classes } = this.setup;
    const table = { samples, elements: images.elements, targets, classes };
    return { ...summary(asPredictions(table, [{ outputs, items }])), loss: outputs.loss };
  }

  /** Stores the weights of the epoch when they are the best so far, or all are kept. */
  async #keepWeights(
    trainer: Trainer,
    run: number,
    member: number,
    { epoch, valid }: EvaluationRow,
  ): Promise<void> {
    const { params } = this.context;
    const { record, network } = this.members[member];
    const better = improved(record, params.selection_metrics);
    if (better.length === 0 && !params.save_all_models) return;
    const state = await trainer.weights(run);
    const weights = await this.context.put(encodeWeights(network, state, epoch));
    for (const metric of better) record.best[metric] = { epoch, value: valid[metric], weights };
    if (params.save_all_models) record.all.push(weights);
  }

  #label(member: number): string {
    return this.context.params.multi_network ? `network ${member}` : "the network";
  }

  /** A trainer of the given members, where they stand. */
  async #open(group: readonly number[]): Promise<Trainer> {
    if (this.#onDevice?.members.join() === group.join()) return this.#onDevice.trainer;
    await this.#park();
    const { params } = this.context;
    const places = group.flatMap((member) => this.#parked.get(member) ?? []);
    const runs: TrainerOptions["runs"][number][] = [];
    for (const member of group) {
      const { network, index, initial } = this.members[member];
      runs.push({
        label: this.#label(member),
        network,
        initial: places.length > 0 ? undefined : await initial(),
        items: this.#train[member],
        seed: seedOf(params.seed, index),
        frozen: frozenParameters(network, params.nb_unfrozen_layer),
      });
    }
    const resume = places.length > 0
      ? await unpark(places, runs.map(({ network }) => network), this.context.get)
      : undefined;
    const trainer = await Trainer.create(this.device, { ...this.#options, runs, resume });
    this.#onDevice = { trainer, members: group };
    return trainer;
  }

  /** Stores the state of those on the device that will go on, and frees the device. */
  async #park(): Promise<void> {
    for (const [member, place] of await this.#stateOnDevice()) {
      const { weights, buffers } = place;
      this.#parked.set(member, {
        ...place,
        weights: await this.context.put(weights),
        buffers: await this.context.put(buffers),
      });
    }
    this.#release();
  }

  /** Of members on the device that have not stopped early. */
  async #stateOnDevice(): Promise<Map<number, Parked<Uint8Array>>> {
    if (!this.#onDevice) return new Map();
    const { trainer, members } = this.#onDevice;
    const networks = members.map((member) => this.members[member].network);
    const places = park(await trainer.state(), networks);
    for (const member of members) this.#parked.delete(member);
    return new Map(
      places.map((place, run): [number, Parked<Uint8Array>] => [members[run], place])
        .filter(([member]) => !this.members[member].record.stopping.stopped),
    );
  }

  #release(): void {
    this.#onDevice?.trainer.destroy();
    this.#onDevice = undefined;
  }

  /** @param final the value of `epochs` that everyone has reached */
  async #save(final?: number): Promise<void> {
    const { checkpoints } = this.context;
    if (!checkpoints) return;
    const parked = new Map<number, Parked<Blob | Uint8Array>>(this.#parked);
    for (const [member, place] of await this.#stateOnDevice()) parked.set(member, place);
    const records = this.members.map(({ record }) => record);
    const draft = encodeCheckpoint({ parked, records });
    // Those who stopped early count too: what they have learnt must not serve fewer epochs.
    const places = [
      ...[...parked.values()].map(placeOf),
      ...records.map(({ epochs }) => epochs),
    ];
    const position = final ?? Math.max(...places);
    await checkpoints.save(position, draft, { final: final !== undefined });
    this.#lastSave = performance.now();
  }

  /** One event an evaluation, for displays and live curves: means over the group. */
  #report(
    group: readonly number[],
    { fraction, part, imagesPerSecond }: {
      fraction: number;
      /** Of the epoch. */
      part: number;
      imagesPerSecond: number;
    },
  ): void {
    const { params } = this.context;
    const rows = group.map((member) => this.members[member].record.rows.at(-1)!);
    const { epoch } = rows[0];
    const metrics: Record<string, number> = {
      epoch: epoch + part,
      images_per_second: imagesPerSecond,
    };
    for (const part of ["train", "valid"] as const) {
      for (const name of ["loss", "BA", "MAE"].filter((name) => name in rows[0][part])) {
        metrics[`${name}_${part}`] = mean(rows.map((row) => row[part][name]));
      }
    }
    const loss = `loss ${metrics.loss_train.toFixed(4)}, validation ${
      metrics.loss_valid.toFixed(4)
    }`;
    const who = params.multi_network ? `networks ${group[0]} to ${group.at(-1)}, ` : "";
    const when = part < 1 ? `, batch ${rows[0].iteration + 1}` : "";
    const message = `${who}epoch ${epoch + 1}/${params.epochs}${when}: ${loss}`;
    this.context.progress({ fraction, message, metrics });
    this.context.log(message);
  }
}

/**
 * The batch of an epoch before which to evaluate next, after `batch`; none where only the epoch's
 * end is evaluated. As in ClinicaDL, gradients that are being gathered are waited for.
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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function scheduleOf(params: TrainingParams): Schedule {
  const warmUp = params.warmup_epochs;
  if (params.adaptive_learning_rate) return { kind: "plateau", warmUp };
  const every = params.schedule_epochs ?? 1;
  switch (params.learning_rate_schedule) {
    case "step":
      return { kind: "step", every, factor: params.schedule_factor, warmUp };
    case "cosine":
      return { kind: "cosine", epochs: every, warmUp };
    default:
      return { kind: "constant", warmUp };
  }
}
