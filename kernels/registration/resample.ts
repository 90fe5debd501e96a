/** Trilinear interpolation of a volume on another grid. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { laneCount } from "../tensors.ts";
import source from "./resample.wgsl" with { type: "text" };
import { type DeviceVolume, readVolume } from "./volume.ts";

const resampleKernel = defineKernel({
  name: "registration/resample",
  source,
  constants: ["LANES", "SPLIT"],
  params: {
    nx: "u32",
    ny: "u32",
    nz: "u32",
    first_slab: "u32",
    width: "u32",
    height: "u32",
  },
  entries: {
    resample: {
      params: "uniform",
      to_moving: "read",
      moving: "read",
      second_slab: "read",
      y: "read_write",
    },
  },
});

/**
 * y = the volume at the voxels of a grid of `shape`, 0 outside.
 *
 * @param toMoving 3 rows of 4 float32: voxels of the grid to those of the volume
 */
export function resampleVolume(
  program: ProgramBuilder,
  { volume, shape: [width, height, depth], toMoving, y }: {
    volume: DeviceVolume;
    shape: readonly [number, number, number];
    toMoving: Operand;
    y: Operand;
  },
): void {
  const { params, constants, bindings } = readVolume(volume);
  program.dispatch(resampleKernel, "resample", {
    constants: { ...constants, LANES: laneCount(program.device) },
    bindings: {
      ...bindings,
      params: fixedParams(program.device, resampleKernel, { ...params, width, height }),
      to_moving: toMoving,
      y,
    },
    workgroups: [height, depth],
  });
}
