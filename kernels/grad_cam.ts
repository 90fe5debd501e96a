/** Grad-CAM (Selvaraju et al., 2017) of a feature map and its gradient. */
import { defineKernel } from "../src/gpu/kernel.ts";
import {
  type Operand,
  type PlannedTensor,
  type ProgramBuilder,
  slice,
} from "../src/gpu/program.ts";
import source from "./grad_cam.wgsl" with { type: "text" };
import { blocks, flatGrid, laneCount, pixels, type Shape } from "./tensors.ts";

const gradCamKernel = defineKernel({
  name: "grad_cam",
  source,
  constants: ["LANES", "CHANNELS", "HEIGHT", "WIDTH", "OUT_HEIGHT", "OUT_WIDTH"],
  entries: {
    weigh: { gradient: "read", weights_out: "read_write" },
    combine: { features: "read", weights_in: "read", plane_out: "read_write" },
    upsample: { plane_in: "read", y: "read_write" },
  },
});

/**
 * relu(sum over channels of mean(gradient) feature), upsampled bilinearly as PyTorch's
 * `interpolate(align_corners=False)`.
 *
 * @param output rows and columns of the result
 * @returns `[batch][height][width]` floats
 */
export function gradCam(
  program: ProgramBuilder,
  { shape, features, gradient, output, label = "Grad-CAM" }: {
    shape: Shape;
    features: Operand;
    gradient: Operand;
    output: { depth: number; height: number; width: number };
    label?: string;
  },
): PlannedTensor {
  const { batch, channels, height, width } = shape;
  const constants = { LANES: laneCount(program.device) };
  const grid = (count: number) => flatGrid(program.device, count, constants.LANES);
  const weights = program.tensor(`${label} weights`, batch * blocks(shape) * 16);
  program.dispatch(gradCamKernel, "weigh", {
    constants: { ...constants, CHANNELS: channels, HEIGHT: height, WIDTH: width },
    bindings: { gradient, weights_out: weights },
    workgroups: grid(batch * blocks(shape)),
    label,
  });
  const plane = program.tensor(`${label} plane`, batch * pixels(shape) * 4);
  program.dispatch(gradCamKernel, "combine", {
    constants: { ...constants, CHANNELS: channels, HEIGHT: height, WIDTH: width },
    bindings: {
      features,
      weights_in: weights,
      plane_out: slice(plane, 0, batch * pixels(shape) * 4),
    },
    workgroups: grid(batch * pixels(shape)),
    label,
  });
  const y = program.tensor(label, batch * pixels(output) * 4);
  program.dispatch(gradCamKernel, "upsample", {
    constants: {
      ...constants,
      HEIGHT: height,
      WIDTH: width,
      OUT_HEIGHT: output.height,
      OUT_WIDTH: output.width,
    },
    bindings: { plane_in: plane, y: slice(y, 0, batch * pixels(output) * 4) },
    workgroups: grid(batch * pixels(output)),
    label,
  });
  return y;
}
