/** Upsampling by nearest neighbours. */
import type { Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import { recordAdaptiveAverage } from "./pool.ts";

/**
 * `torch.nn.Upsample(scale_factor=2)` of images or volumes: each pixel twice along every axis. That is an
 * adaptive average over a grid twice as fine, each cell of which covers one pixel.
 */
export class Upsample implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  constructor(readonly name: string, readonly dimensions: 2 | 3 = 2) {}

  outputShape(input: Shape): Shape {
    return {
      ...input,
      depth: this.dimensions === 3 ? 2 * input.depth : input.depth,
      height: 2 * input.height,
      width: 2 * input.width,
    };
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    return [{ name: this.name, kind: "Upsample", output, parameters: 0, macs: 0 }];
  }

  record(trace: Trace, x: Activation): Activation {
    return recordAdaptiveAverage(trace, this.name, x, this.outputShape(x.shape));
  }
}
