/**
 * Attribution of a logit to the input: input gradients (Simonyan, Vedaldi and Zisserman, 2013) and
 * Grad-CAM (Selvaraju et al., ICCV 2017), in evaluation mode.
 *
 * ```ts ignore
 * const [maps] = await attribute(device, { data, batchSize, runs, target: 0,
 *   method: { kind: "grad_cam", level: "layer3" } });
 * ```
 */
import { gradCam } from "../../kernels/grad_cam.ts";
import { blocks, pixels, type Shape } from "../../kernels/tensors.ts";
import type { Device, DeviceBuffer } from "../gpu/device.ts";
import { type Operand, slice } from "../gpu/program.ts";
import { type InferOptions, withPredictor } from "./infer.ts";
import type { Activation, Trace } from "./layer.ts";
import { Dropout } from "./layers/activation.ts";
import { Linear } from "./layers/linear.ts";
import { AdaptiveAveragePool } from "./layers/pool.ts";
import type { Network } from "./network.ts";
import type { Readout } from "./predictor.ts";

export type AttributionMethod =
  | { kind: "gradients" }
  | {
    kind: "grad_cam";
    /** Name of a layer, or of a stage (its last layer); the last spatial layer when absent. */
    level?: string;
  };

interface AttributeOptions extends InferOptions {
  method: AttributionMethod;
  /** Output node whose logit is explained. */
  target: number;
}

/**
 * Computes one map an item, for each run `[items][depth][height][width]` in the order of its items.
 *
 * - `gradients`: d logit / d input, signed. Where one stored channel fills several channels of the
 *   network, their derivatives are summed: that is the derivative by the stored value after normalisation.
 * - `grad_cam`: relu(sum over channels of the mean gradient times the feature map), the mean over all
 *   spatial axes, upsampled to the input's size.
 *
 * @throws {RangeError} no such output node or level, or gradients by several stored channels
 * @throws {DeviceError} too little memory, or a device that failed
 */
export async function attribute(
  device: Device,
  options: AttributeOptions,
): Promise<Float32Array[]> {
  const { method, target, runs, batchSize, signal } = options;
  if (method.kind === "gradients" && options.data.shape[0] !== 1) {
    throw new RangeError("Gradients are given by one stored channel");
  }
  const logitGradients = new Map<number, DeviceBuffer>();
  for (const { network: { outputs } } of runs) {
    if (!(target >= 0 && target < outputs)) {
      throw new RangeError(`There is no output node ${target}; there are ${outputs}`);
    }
    if (!logitGradients.has(outputs)) {
      logitGradients.set(outputs, uploadOneHot(device, batchSize, outputs, target));
    }
  }
  const readout = method.kind === "gradients"
    ? inputGradientReadout(logitGradients)
    : gradCamReadout(logitGradients, method.level);
  try {
    return await withPredictor(device, options, readout, async (predictor, items) => {
      const maps = runs.map(({ network }, run) =>
        new Float32Array(items[run].length * pixels(network.inputShape(1)))
      );
      const longest = Math.max(0, ...items.map((list) => list.length));
      for (let first = 0; first < longest; first += batchSize) {
        const batch = items.map((list) => list.subarray(first, first + batchSize));
        const rows = await predictor.readRows(batch, signal);
        runs.forEach(({ network }, run) => {
          const map = maps[run].subarray(first * pixels(network.inputShape(1)));
          if (method.kind === "grad_cam") map.set(rows[run]);
          else sumChannels(rows[run], network.inputShape(batch[run].length), map);
        });
      }
      return maps;
    });
  } finally {
    for (const buffer of logitGradients.values()) device.free(buffer);
  }
}

/** Lists the layers whose output is a feature map: all before the pooling or flattening to a vector. */
export function listGradCamLevels({ layers }: Network): string[] {
  const end = layers.findIndex((layer) =>
    layer instanceof AdaptiveAveragePool || layer instanceof Dropout || layer instanceof Linear
  );
  return layers.slice(0, end).map(({ name }) => name);
}

/**
 * Finds a level: its layer's name, the number of layers up to it, and the shape of one image's feature
 * map there.
 *
 * @throws {RangeError} no such level
 */
export function findGradCamLevel(
  network: Network,
  level?: string,
): { name: string; shape: Shape; layers: number } {
  const names = listGradCamLevels(network);
  const at = level === undefined
    ? names.length - 1
    : names.findLastIndex((name) => name === level || name.startsWith(`${level}.`));
  if (at < 0) {
    throw new RangeError(
      `${network.architecture} has no feature map "${level}"; there are ${names.join(", ")}`,
    );
  }
  const layers = at + 1;
  const shape = network.layers.slice(0, layers).reduce(
    (input, layer) => layer.outputShape(input),
    network.inputShape(1),
  );
  return { name: names[at], shape, layers };
}

/** d logits[target] / d logits: one-hot rows `[batch][ceil(outputs / 4) * 4]`. */
function uploadOneHot(
  device: Device,
  batch: number,
  outputs: number,
  target: number,
): DeviceBuffer {
  const row = blocks({ channels: outputs }) * 4;
  const rows = new Float32Array(batch * row);
  for (let n = 0; n < batch; n++) rows[n * row + target] = 1;
  return device.buffer("logit gradient", rows);
}

/** Records the gradient of the target's logit by `x`, from which `logits` was computed. */
function recordBackward(
  trace: Trace,
  logits: Activation,
  logitGradients: ReadonlyMap<number, DeviceBuffer>,
  x: Activation,
): Operand {
  const { batch, channels } = logits.shape;
  logits.gradient = slice(logitGradients.get(channels)!, 0, batch * blocks(logits.shape) * 16);
  trace.backward();
  if (!x.gradient) throw new Error("The backward pass left the activation without a gradient");
  return x.gradient;
}

/** Rows `[blocks][depth][height][width][4]`: the gradient by the network's input. */
function inputGradientReadout(logitGradients: ReadonlyMap<number, DeviceBuffer>): Readout {
  return {
    rowLength: (network) => {
      const shape = network.inputShape(1);
      return blocks(shape) * pixels(shape) * 4;
    },
    record: (trace, network, input) => {
      const x: Activation = { ...input, requiresGradient: true };
      return recordBackward(trace, network.record(trace, x), logitGradients, x);
    },
  };
}

/** Rows `[depth][height][width]`: the Grad-CAM map at the input's size. */
function gradCamReadout(
  logitGradients: ReadonlyMap<number, DeviceBuffer>,
  level?: string,
): Readout {
  return {
    rowLength: (network) => pixels(network.inputShape(1)),
    record: (trace, network, x) => {
      const { layers } = findGradCamLevel(network, level);
      const { shape, tensor } = network.record(trace, x, 0, layers);
      const features: Activation = { shape, tensor, requiresGradient: true };
      const logits = network.record(trace, features, layers);
      const gradient = recordBackward(trace, logits, logitGradients, features);
      return gradCam(trace.program, { shape, features: tensor, gradient, output: x.shape });
    },
  };
}

/** Sums the channels of `[batch][blocks][pixels][4]` into `[batch][pixels]`. */
function sumChannels(rows: Float32Array, shape: Shape, into: Float32Array): void {
  const plane = pixels(shape);
  const count = blocks(shape);
  for (let n = 0; n < shape.batch; n++) {
    for (let p = 0; p < plane; p++) {
      let sum = 0;
      for (let c = 0; c < shape.channels; c++) {
        sum += rows[((n * count + (c >> 2)) * plane + p) * 4 + (c & 3)];
      }
      into[n * plane + p] = sum;
    }
  }
}
