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
  constants: [
    "LANES",
    "CHANNELS",
    "DEPTH",
    "HEIGHT",
    "WIDTH",
    "OUT_DEPTH",
    "OUT_HEIGHT",
    "OUT_WIDTH",
  ],
  entries: {
    add_planes: { gradient: "read", sums_out: "read_write" },
    weigh: { sums_in: "read", weights_out: "read_write" },
    combine: { features: "read", weights_in: "read", map_out: "read_write" },
    upsample: { map_in: "read", y: "read_write" },
  },
});

/**
 * relu(sum over channels of mean(gradient) feature), the mean over all pixels or voxels, upsampled as
 * PyTorch's bilinear or trilinear `interpolate(align_corners=False)`.
 *
 * @param output size of the result
 * @returns `[batch][depth][height][width]` floats
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
  const { batch, channels, depth, height, width } = shape;
  const lanes = laneCount(program.device);
  const constants = {
    LANES: lanes,
    CHANNELS: channels,
    DEPTH: depth,
    HEIGHT: height,
    WIDTH: width,
  };
  const grid = (count: number) => flatGrid(program.device, count, lanes);
  const planes = batch * blocks(shape) * depth;
  const voxels = batch * pixels(shape);
  const sums = program.tensor(`${label} sums`, planes * 16);
  program.dispatch(gradCamKernel, "add_planes", {
    constants,
    bindings: { gradient, sums_out: slice(sums, 0, planes * 16) },
    workgroups: grid(planes),
    label,
  });
  const weights = program.tensor(`${label} weights`, batch * blocks(shape) * 16);
  program.dispatch(gradCamKernel, "weigh", {
    constants,
    bindings: { sums_in: sums, weights_out: weights },
    workgroups: grid(batch * blocks(shape)),
    label,
  });
  const map = program.tensor(`${label} map`, voxels * 4);
  program.dispatch(gradCamKernel, "combine", {
    constants,
    bindings: { features, weights_in: weights, map_out: slice(map, 0, voxels * 4) },
    workgroups: grid(voxels),
    label,
  });
  const y = program.tensor(label, batch * pixels(output) * 4);
  program.dispatch(gradCamKernel, "upsample", {
    constants: {
      ...constants,
      OUT_DEPTH: output.depth,
      OUT_HEIGHT: output.height,
      OUT_WIDTH: output.width,
    },
    bindings: { map_in: map, y: slice(y, 0, batch * pixels(output) * 4) },
    workgroups: grid(batch * pixels(output)),
    label,
  });
  return y;
}
