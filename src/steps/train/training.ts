/** Trains one network, or one an element, epoch by epoch. */
import { DeviceError } from "../../errors.ts";
import type { Device } from "../../gpu/device.ts";
import { Trainer, type TrainingRun } from "../../nn/training/trainer.ts";
import type { NetworkOutputs } from "../../nn/predictor.ts";
import type { Artifact, Blob } from "../../workflow/step.ts";
import { seedOf } from "./initial_weights.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
  park,
  type Parked,
  placeOf,
  unpark,
} from "./checkpoint.ts";
import {
  type EvaluationRow,
  improved,
  itemsOfMembers,
  type Member,
  observeStopping,
} from "./network_progress.ts";
import { sideBySide, trainingBytes } from "../model/memory.ts";
import { asPredictions, part, type ScoredItems, summary } from "../model/scores.ts";
import type { TrainingContext, TrainingParams, TrainingSetup } from "./setup.ts";
import { type CommonOptions, trainerOptions } from "./trainer_options.ts";
import { encodeOutputs, encodeWeights, frozenParameters } from "./weights.ts";

/**
 * A training in progress. Networks that fit the device together are trained side by side; those
 * that don't, group after group, each through all its epochs.
 */
export class Training {
  readonly #options: CommonOptions;
  /** Items of each member: those it trains on, then those that validate it. */
  readonly #items: readonly Uint32Array<ArrayBuffer>[];
  /** Items that each member trains on. */
  readonly #training: number;
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
    const { samples, training } = setup;
    this.#items = itemsOfMembers(context, setup, members);
    this.#training = this.#items[0].length / samples.length * training;
    const batches = Math.ceil(this.#training / params.batch_size);
    if (params.evaluation_steps > 0 && (nextEvaluation(0, params) ?? batches) >= batches) {
      context.warn(
        `evaluation_steps ${params.evaluation_steps} is too large for the ${batches} batches of an ` +
          "epoch: the networks are evaluated at the end of each epoch only",
      );
    }
    this.#options = trainerOptions(context, setup);
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
    const { batch_size } = this.context.params;
    const bytes = together.map((member) => trainingBytes(this.members[member].network, batch_size));
    return together.slice(0, sideBySide(this.device, bytes));
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
      const outputs = await this.#evaluate(trainer, group);
      if (ended) await this.#endEpoch(trainer, group, losses, outputs);
      const part = ended ? 1 : trainer.batch / trainer.batches;
      this.#report(group, { fraction: fraction(part), part, imagesPerSecond });
    }
  }

  /** Adds a row to each curve. @returns what the networks say of all their items */
  async #evaluate(trainer: Trainer, group: readonly number[]): Promise<NetworkOutputs[]> {
    const evaluated = await trainer.evaluate(group.map((member) => this.#items[member]));
    const ended = trainer.batch === 0;
    for (const [run, member] of group.entries()) {
      const all = { outputs: evaluated[run], items: this.#items[member] };
      const train = part(all, 0, this.#training);
      const valid = part(all, this.#training, all.items.length);
      const row = {
        epoch: ended ? trainer.epoch - 1 : trainer.epoch,
        iteration: (ended ? trainer.batches : trainer.batch) - 1,
        train: this.#scores(trainer, run, train),
        valid: this.#scores(trainer, run, valid),
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
    return evaluated;
  }

  /** Schedules, best weights and early stopping follow the evaluation at an epoch's end alone. */
  async #endEpoch(
    trainer: Trainer,
    group: readonly number[],
    losses: readonly Float32Array[],
    outputs: readonly NetworkOutputs[],
  ): Promise<void> {
    const { context, context: { params } } = this;
    for (const [run, member] of group.entries()) {
      const { record } = this.members[member];
      const row = record.rows[record.rows.length - 1];
      record.epochs++;
      if (params.log_iterations) record.iterations.push([...losses[run]]);
      trainer.observe(run, row.valid.loss);
      await this.#keepBest(trainer, run, member, row, outputs[run]);
      observeStopping(record, row.valid.loss, params.patience, params.tolerance);
      if (record.stopping.stopped) {
        context.log(`${this.#label(member)} stops early after epoch ${row.epoch + 1}`);
      }
    }
  }

  #scores(trainer: Trainer, run: number, scored: ScoredItems): Record<string, number> {
    const { samples, images, targets, classes } = this.setup;
    const table = { samples, elements: images.elements, targets, classes };
    const loss = trainer.computeLoss(run, scored.outputs.logits, scored.items);
    return { ...summary(asPredictions(table, [scored])), loss };
  }

  /** Stores what the epoch made, when it is the best so far, or the weights of all are kept. */
  async #keepBest(
    trainer: Trainer,
    run: number,
    member: number,
    { epoch, valid }: EvaluationRow,
    outputs: NetworkOutputs,
  ): Promise<void> {
    const { params } = this.context;
    const { record, network } = this.members[member];
    const better = improved(record, params.selection_metrics);
    if (better.length === 0 && !params.save_all_models) return;
    const state = await trainer.readNetworkState(run);
    const weights = await this.context.put(encodeWeights(network, state, epoch));
    if (better.length > 0) {
      const said = await this.context.put(encodeOutputs(outputs));
      for (const metric of better) {
        record.best[metric] = { epoch, value: valid[metric], weights, outputs: said };
      }
    }
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
    const runs: TrainingRun[] = [];
    for (const member of group) {
      const { network, index, initial } = this.members[member];
      runs.push({
        label: this.#label(member),
        network,
        initial: places.length > 0 ? undefined : await initial(),
        items: this.#items[member].subarray(0, this.#training),
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
        weights: weights instanceof Uint8Array ? await this.context.put(weights) : weights,
        buffers: buffers instanceof Uint8Array ? await this.context.put(buffers) : buffers,
      });
    }
    this.#release();
  }

  /** Of members on the device that have not stopped early; weights just stored are not read again. */
  async #stateOnDevice(): Promise<Map<number, Parked<Blob | Uint8Array>>> {
    if (!this.#onDevice) return new Map();
    const { trainer, members } = this.#onDevice;
    const networks = members.map((member) => this.members[member].network);
    const stored = new Map(
      members.flatMap((member, run): [number, Blob][] => {
        const { best } = this.members[member].record;
        const newest = Object.values(best).find(({ epoch }) =>
          trainer.batch === 0 && epoch === trainer.epoch - 1
        );
        return newest ? [[run, newest.weights]] : [];
      }),
    );
    const state = await trainer.readState(new Set(stored.keys()));
    const places = park(state, networks, stored);
    for (const member of members) this.#parked.delete(member);
    return new Map(
      places.map((place, run) => [members[run], place] as const)
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
