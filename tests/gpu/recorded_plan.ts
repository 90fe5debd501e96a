/** The dispatches of a training step as a large GPU would run it, recorded without a device. */
import type { Device, DeviceBuffer } from "../../src/gpu/device.ts";
import { Arena } from "../../src/gpu/arena.ts";
import { planningDevice, typicalDevice } from "../../src/gpu/planning_device.ts";
import { ProgramBuilder } from "../../src/gpu/program.ts";
import { inputShape, type Network } from "../../src/nn/network.ts";
import { openBuffers } from "../../src/nn/training/buffers.ts";
import type { TrainerOptions } from "../../src/nn/training/options.ts";
import { TrainingPrograms } from "../../src/nn/training/programs.ts";

export interface RecordedDispatch {
  /** Kernel and entry point, such as `batch_norm.statistics`. */
  entry: string;
  label: string;
  workgroups: readonly number[];
  constants: Readonly<Record<string, unknown>>;
  /** Fields of `Params` of kernels that have some of their own. */
  params: Readonly<Record<string, number>>;
  /** Bytes of each operand. */
  bytes: Readonly<Record<string, number>>;
}

/** Records a step of `networks` side by side, each with a batch of `batchSize`. */
export async function recordStep(
  networks: readonly Network[],
  batchSize: number,
): Promise<RecordedDispatch[]> {
  const { device } = planningDevice(typicalDevice("discrete"));
  const words = rememberParams(device);
  const dispatches: RecordedDispatch[] = [];
  const { dispatch } = ProgramBuilder.prototype;
  ProgramBuilder.prototype.dispatch = function (kernel, entry, work) {
    const values = words.get(work.bindings.params as unknown as DeviceBuffer);
    dispatches.push({
      entry: `${kernel.name}.${entry}`,
      label: work.label ?? "",
      workgroups: work.workgroups.map((count) => count ?? 1),
      constants: work.constants ?? {},
      params: Object.fromEntries(
        kernel.declarations.params.map(({ name }, i) => [name, values?.[i] ?? NaN]),
      ),
      bytes: Object.fromEntries(
        Object.entries(work.bindings).map(([name, operand]) => [name, bytesOf(operand)]),
      ),
    });
    return dispatch.call(this, kernel, entry, work);
  };
  try {
    await programsOf(device, networks, batchSize).reserveStep(batchSize);
  } finally {
    ProgramBuilder.prototype.dispatch = dispatch;
  }
  return dispatches;
}

function bytesOf(operand: unknown): number {
  return (operand as { bytes?: number }).bytes ?? 0;
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

function programsOf(device: Device, networks: readonly Network[], batchSize: number) {
  const [, ...sides] = networks[0].input;
  const items = Uint32Array.from({ length: batchSize }, (_, i) => i);
  const options: TrainerOptions = {
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
  return new TrainingPrograms(device, options, openBuffers(device, options), new Arena(device));
}
