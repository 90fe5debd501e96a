/** The dispatches of a training step as a large GPU would run it, recorded without a device. */
import { Arena } from "../../src/gpu/arena.ts";
import type { Device, DeviceBuffer } from "../../src/gpu/device.ts";
import { extent, type Operand, type PlannedTexture } from "../../src/gpu/operand.ts";
import { openParts } from "../../src/gpu/parts.ts";
import { planningDevice, typicalDevice } from "../../src/gpu/planning_device.ts";
import { ProgramBuilder } from "../../src/gpu/program.ts";
import { DeviceDataset } from "../../src/nn/dataset.ts";
import { inputShape, type Network } from "../../src/nn/network.ts";
import { Predictor } from "../../src/nn/predictor.ts";
import { openBuffers } from "../../src/nn/training/buffers.ts";
import type { TrainerOptions } from "../../src/nn/training/options.ts";
import { recordStep } from "../../src/nn/training/step.ts";

export interface RecordedDispatch {
  /** Kernel and entry point, such as `batch_norm/moments.statistics`. */
  entry: string;
  label: string;
  workgroups: readonly number[];
  constants: Readonly<Record<string, unknown>>;
  /** Fields of `Params` of kernels that have some of their own. */
  params: Readonly<Record<string, number>>;
  /** Bytes of each operand. */
  bytes: Readonly<Record<string, number>>;
}

/** A training of `networks` by Adam, streamed from the host. */
export function trainingOf(networks: readonly Network[], batchSize: number): TrainerOptions {
  const [, ...sides] = networks[0].input;
  const items = Uint32Array.from({ length: batchSize }, (_, i) => i);
  return {
    data: {
      shape: inputShape([1, ...sides]),
      count: batchSize,
      normalisation: "element",
      read: () => new Float32Array(0),
    },
    residentBytes: 0,
    targets: new Uint32Array(batchSize),
    runs: networks.map((network, i) => ({ label: `${i}`, network, items, seed: i })),
    loss: "cross_entropy",
    batchSize,
    optimizer: { name: "Adam", learningRate: 1e-3 },
  };
}

/** Records a step of all networks side by side, each with a batch. */
export function recordTraining(options: TrainerOptions): RecordedDispatch[] {
  const { device } = planningDevice(typicalDevice("discrete"));
  const words = rememberParams(device);
  const builder = new ProgramBuilder(device, "train");
  recordStep(builder, options, openBuffers(device, options), options.batchSize);
  return listDispatches(builder, words);
}

/** Records the application of all networks side by side, each to a batch. */
export function recordInference({ data, runs, batchSize }: TrainerOptions): RecordedDispatch[] {
  const { device } = planningDevice(typicalDevice("discrete"));
  const words = rememberParams(device);
  const networks = runs.map(({ network }) => network);
  const streams = runs.length;
  const set = new DeviceDataset(device, data, { streams, batchSize, residentBytes: 0 });
  const contents = (layout: "parameters" | "statistics") =>
    openParts(device, layout, networks.map((network) => network[layout].deviceLength * 4));
  const [parameters, statistics] = [contents("parameters"), contents("statistics")];
  const predictor = new Predictor(device, set, {
    batchSize,
    runs: networks.map((network, i) => ({
      network,
      buffers: { parameters: parameters[i], statistics: statistics[i] },
    })),
    arena: new Arena(device),
  });
  return listDispatches(predictor.record(batchSize), words);
}

function listDispatches(
  { operations }: ProgramBuilder,
  words: ReadonlyMap<DeviceBuffer, Int32Array>,
): RecordedDispatch[] {
  return operations.filter((operation) => operation.kind === "dispatch")
    .map(({ kernel, label, workgroups, source, bindings }) => {
      const params = bindings.find(({ name }) => name === "params")?.bound;
      const values = params && params.kind !== "texture"
        ? words.get(extent(params).of as DeviceBuffer)
        : undefined;
      return {
        entry: kernel,
        label,
        workgroups,
        constants: source.constants,
        params: Object.fromEntries(
          source.kernel.declarations.params.map(({ name }, i) => [name, values?.[i] ?? NaN]),
        ),
        bytes: Object.fromEntries(bindings.map(({ name, bound }) => [name, bytesOf(bound)])),
      };
    });
}

function bytesOf(bound: Operand | PlannedTexture): number {
  return bound.kind === "texture" ? 0 : extent(bound).bytes;
}

/** Words that uniform buffers of the device are made of. */
function rememberParams(device: Device): Map<DeviceBuffer, Int32Array> {
  const words = new Map<DeviceBuffer, Int32Array>();
  const { buffer } = device;
  device.buffer = (label, content, usage) => {
    const made = buffer.call(device, label, content, usage);
    if (content instanceof Int32Array) words.set(made, content.slice());
    return made;
  };
  return words;
}
