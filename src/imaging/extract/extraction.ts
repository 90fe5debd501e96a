/** Cuts volumes into the tensors that networks see: slices, patches, regions, images. */
import { DataError } from "../../errors.ts";
import type { Affine } from "../nifti/affine.ts";
import { type Frame, type Volume, volumeShape } from "../nifti/nifti.ts";
import { gridDistance, orientationOf, toRas } from "../nifti/orientation.ts";
import { cropOrPad } from "./crop_or_pad.ts";
import { resample, type TargetGrid } from "./resample.ts";
import { patchOrigins, sliceIndices } from "./windows.ts";
import { type AxisOrder, gatherVoxels, range, type Selection } from "./voxels.ts";

export type Axis = 0 | 1 | 2;

/** What is cut, as plain data: a part of the key under which an extraction is cached. */
export type Recipe =
  & (
    | {
      mode: "slice";
      /** Axis across the slices: 0 sagittal, 1 coronal, 2 axial. */
      slice_direction: Axis;
      /** Slices left out at the beginning and at the end. */
      discarded_slices?: readonly [number, number];
      /** Indices of the slices to take instead, in this order. */
      slices?: readonly number[];
    }
    | { mode: "patch"; patch_size: number; stride_size: number }
    | {
      mode: "roi";
      /** Whether elements keep the size of the image, zero outside their region. */
      roi_uncrop_output: boolean;
      /** Digests of the mask files, in the order of the elements. */
      masks: readonly string[];
    }
    | { mode: "image" }
  )
  & {
    /** Grid that the volume is resampled to before it is cut. */
    target_grid?: TargetGrid;
    /** Voxels along the three axes that the volume is cropped or padded to before it is cut. */
    crop_or_pad?: readonly [number, number, number];
    /** Cut the array as the file stores it; absent: turned to RAS (right, anterior, superior). */
    orientation?: "stored";
    /** Of an image of several volumes, the one to cut, or their mean. */
    frame?: Frame;
    /** What the volumes weigh in their mean, as their durations in seconds; absent: all alike. */
    frame_durations?: readonly number[];
  };

/** Tensor of one volume. */
export interface Extraction {
  /**
   * [elements, 1, height, width] for slices, [elements, 1, depth, height, width] otherwise; [voxels]
   * of regions that differ in size, one after another.
   */
  shape: readonly number[];
  /** [depth, height, width] of each region where these differ. */
  shapes?: readonly (readonly number[])[];
  /** Finite. */
  data: Float32Array<ArrayBuffer>;
  /** For slices, their indices in the volume; else 0, 1, ... */
  elements: readonly number[];
  /** Of the grid that was cut; of the tensor itself for images. */
  affine: Affine;
  /** Voxels of the grid that was cut, along its three axes. */
  grid: readonly number[];
  /** Of regions: indices of the first voxel of each in the grid. */
  origins?: readonly (readonly number[])[];
}

/** Returns the tensor's memory, all zero, once {@link Extraction.shape} and `shapes` are known. */
export type Allocate = (
  shape: readonly number[],
  shapes?: Extraction["shapes"],
) => Float32Array<ArrayBuffer>;

const countVoxels = (shape: readonly number[]) =>
  shape.reduce((product, extent) => product * extent, 1);

/** A mask and where it is not zero. */
export interface Mask {
  /** Such as `leftHippocampusBox`. */
  roi: string;
  volume: Volume;
  /** First and one past the last voxel along each axis. */
  box: readonly (readonly [number, number])[];
}

/** A mask as stored, and turned to RAS (undefined where its affine is singular). */
export interface OrientedMask {
  stored: Mask;
  ras: Mask | undefined;
}

/**
 * Axes 0, 1 and 2 of what is cut point right, anterior and superior, whatever the orientation of the
 * file: axes are permuted and flipped, which changes no voxel, unless the recipe takes the array as
 * stored.
 *
 * @param masks by digest; needed for regions
 * @param subject the image, for messages
 * @throws {DataError} when the volume is too small for the recipe, does not match a mask, is no
 *   single volume, holds infinite voxels or does not state where its axes point
 */
export function extract(
  volume: Volume,
  recipe: Recipe,
  masks: ReadonlyMap<string, OrientedMask>,
  subject: string,
  allocate: Allocate = (shape) => new Float32Array(countVoxels(shape)),
): Extraction {
  const shape = volumeShape(volume.shape, subject);
  const stored = { ...volume, shape };
  const oriented = recipe.orientation === "stored" ? stored : toRas(stored);
  if (oriented === undefined) {
    throw new DataError(
      subject,
      "its affine is singular: where its axes point is not known" +
        (recipe.target_grid ? "" : '; orientation = "stored" cuts it as it is stored'),
    );
  }
  const resampled = recipe.target_grid === undefined
    ? oriented
    : resample(oriented, recipe.target_grid, subject);
  const grid = recipe.crop_or_pad === undefined
    ? resampled
    : cropOrPad(resampled, recipe.crop_or_pad, subject);
  return { ...cut(grid, recipe, masks, subject, allocate), grid: grid.shape };
}

type Cut = Omit<Extraction, "grid">;

function cut(
  grid: Volume,
  recipe: Recipe,
  masks: ReadonlyMap<string, OrientedMask>,
  subject: string,
  allocate: Allocate,
): Cut {
  switch (recipe.mode) {
    case "slice":
      return cutSlices(grid, sliceIndices(recipe, grid.shape, subject), recipe, subject, allocate);
    case "patch":
      return cutPatches(grid, recipe, subject, allocate);
    case "roi":
      return cutRegions(grid, recipe, masks, subject, allocate);
    case "image":
      return cutImage(grid, subject, allocate);
  }
}

/** Every voxel. */
function selectAll(shape: readonly number[]): [Int32Array, Int32Array, Int32Array] {
  return [range(0, shape[0]), range(0, shape[1]), range(0, shape[2])];
}

const PLANES: Record<Axis, AxisOrder> = { 0: [0, 1, 2], 1: [1, 0, 2], 2: [2, 0, 1] };

/**
 * Shape of what {@link extract} makes of a volume of this shape: [elements, 1, …].
 *
 * @returns undefined for regions, whose masks decide, unless they keep the size of the image
 * @throws {DataError} when the volume is too small for the recipe
 */
export function elementsShape(
  recipe: Recipe,
  volume: readonly number[],
  subject: string,
): number[] | undefined {
  const shape = recipe.crop_or_pad ?? recipe.target_grid?.shape ?? volume;
  switch (recipe.mode) {
    case "slice": {
      const [, rows, columns] = PLANES[recipe.slice_direction];
      return [sliceIndices(recipe, shape, subject).length, 1, shape[rows], shape[columns]];
    }
    case "patch": {
      const { patch_size: size, stride_size: stride } = recipe;
      const counts = patchOrigins({ size, stride }, shape, subject).map(({ length }) => length);
      return [countVoxels(counts), 1, size, size, size];
    }
    case "roi":
      return recipe.roi_uncrop_output ? [recipe.masks.length, 1, ...shape] : undefined;
    case "image":
      return [1, 1, ...shape];
  }
}

function cutSlices(
  volume: Volume,
  indices: Int32Array,
  { slice_direction: axis }: { slice_direction: Axis },
  subject: string,
  allocate: Allocate,
): Cut {
  const order = PLANES[axis];
  const selection = selectAll(volume.shape);
  selection[axis] = indices;
  const shape = [indices.length, 1, volume.shape[order[1]], volume.shape[order[2]]];
  return {
    ...gather(volume, selection, order, shape, subject, allocate),
    elements: [...indices],
    affine: volume.affine,
  };
}

function gather(
  volume: Volume,
  selection: Selection,
  order: AxisOrder,
  shape: readonly number[],
  subject: string,
  allocate: Allocate,
): Pick<Extraction, "shape" | "data"> {
  const data = allocate(shape);
  gatherVoxels(volume, selection, order, data, subject);
  return { shape, data };
}

/** Cubes on a regular grid, axis 0 slowest; voxels behind the last cube of an axis are not covered. */
function cutPatches(
  volume: Volume,
  { patch_size: size, stride_size: stride }: { patch_size: number; stride_size: number },
  subject: string,
  allocate: Allocate,
): Cut {
  const [xs, ys, zs] = patchOrigins({ size, stride }, volume.shape, subject);
  const shape = [xs.length * ys.length * zs.length, 1, size, size, size];
  const voxels = size ** 3;
  const data = allocate(shape);
  let at = 0;
  for (const x of xs) {
    for (const y of ys) {
      for (const z of zs) {
        const cube: Selection = [range(x, x + size), range(y, y + size), range(z, z + size)];
        gatherVoxels(volume, cube, [0, 1, 2], data.subarray(at, at + voxels), subject);
        at += voxels;
      }
    }
  }
  return {
    shape,
    data,
    elements: [...range(0, shape[0])],
    affine: volume.affine,
  };
}

/**
 * The mask in a volume.
 *
 * @throws {DataError} when it is not 3D, or holds anything but 0 and 1 and both of them
 */
export function checkMask(volume: Volume, roi: string, subject: string): OrientedMask {
  const stored = { ...volume, shape: volumeShape(volume.shape, subject) };
  const ras = toRas(stored);
  const mask = boundMask(stored, roi, subject);
  return { stored: mask, ras: ras === stored ? mask : ras && boundMask(ras, roi, subject) };
}

function boundMask(volume: Volume, roi: string, subject: string): Mask {
  const { shape } = volume;
  const box = [[Infinity, 0], [Infinity, 0], [Infinity, 0]] as [number, number][];
  const data = new Float32Array(countVoxels(shape));
  gatherVoxels(volume, selectAll(shape), [2, 1, 0], data, subject);
  let zeros = 0;
  for (let z = 0, at = 0; z < shape[2]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[0]; x++, at++) {
        const value = data[at];
        if (value === 0) zeros++;
        else if (value === 1) [x, y, z].forEach((index, axis) => widen(box[axis], index));
        else throw new DataError(subject, `a mask holds 0 and 1 only, but this one has ${value}`);
      }
    }
  }
  if (zeros === 0 || zeros === data.length) {
    throw new DataError(subject, `a mask holds both 0 and 1, but this one has only ${data[0]}`);
  }
  return { roi, volume, box };
}

function widen(bounds: [number, number], index: number): void {
  if (index < bounds[0]) bounds[0] = index;
  if (index >= bounds[1]) bounds[1] = index + 1;
}

function cutRegions(
  volume: Volume,
  recipe: Recipe & { mode: "roi" },
  masks: ReadonlyMap<string, OrientedMask>,
  subject: string,
  allocate: Allocate,
): Cut {
  const regions = recipe.masks.map((digest) => {
    const oriented = masks.get(digest);
    if (oriented === undefined) throw new TypeError(`mask ${digest} was not loaded`);
    const mask = recipe.orientation === "stored" ? oriented.stored : oriented.ras;
    if (mask === undefined) {
      throw new DataError(subject, `the affine of the mask of ${oriented.stored.roi} is singular`);
    }
    const size = mask.volume.shape;
    if (size.some((extent, axis) => extent !== volume.shape[axis])) {
      throw new DataError(
        subject,
        `the image has ${volume.shape.join(" x ")} voxels, but the mask of ${mask.roi} has ` +
          size.join(" x "),
      );
    }
    const distance = gridDistance(volume, mask.volume);
    if (distance !== undefined) {
      const [ours, theirs] = [volume, mask.volume].map(({ affine }) => orientationOf(affine));
      throw new DataError(
        subject,
        `the mask of ${mask.roi} is elsewhere: its corners are up to ` +
          `${Number(distance.toPrecision(3))} voxels from the image's` +
          (ours === theirs ? "" : ` (${theirs} for ${ours})`) +
          "; use a mask on the image's grid, or correct the affine that is wrong",
      );
    }
    const box = recipe.roi_uncrop_output ? size.map((extent) => [0, extent] as const) : mask.box;
    const selection = box.map(([begin, end]) => range(begin, end)) as unknown as Selection;
    const data = new Float32Array(
      box.reduce((product, [begin, end]) => product * (end - begin), 1),
    );
    const inside = new Float32Array(data.length);
    gatherVoxels(volume, selection, [0, 1, 2], data, subject);
    gatherVoxels(mask.volume, selection, [0, 1, 2], inside, subject);
    for (let i = 0; i < data.length; i++) data[i] *= inside[i];
    return {
      shape: box.map(([begin, end]) => end - begin),
      origin: box.map(([begin]) => begin),
      data,
    };
  });
  const shapes = regions.map(({ shape }) => shape);
  const varied = new Set(shapes.map((shape) => shape.join())).size > 1;
  const shape = varied
    ? [shapes.reduce((sum, extents) => sum + countVoxels(extents), 0)]
    : [regions.length, 1, ...shapes[0]];
  const data = varied ? allocate(shape, shapes) : allocate(shape);
  let at = 0;
  for (const region of regions) {
    data.set(region.data, at);
    at += region.data.length;
  }
  return {
    shape,
    ...(varied && { shapes }),
    data,
    elements: regions.map((_, i) => i),
    affine: volume.affine,
    origins: regions.map(({ origin }) => origin),
  };
}

function cutImage(volume: Volume, subject: string, allocate: Allocate): Cut {
  const shape = [1, 1, ...volume.shape];
  const tensor = gather(volume, selectAll(volume.shape), [0, 1, 2], shape, subject, allocate);
  return { ...tensor, elements: [0], affine: volume.affine };
}
