/** Files of what autoencoders see and give back of a session, in `model` and `predictions` artifacts. */
import { DataError } from "../errors.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { Artifact } from "../workflow/step.ts";
import { type Geometry, geometryTensors, parseGeometry } from "./attribution_maps.ts";
import { areVaried } from "./element_shapes.ts";

const FILE = "_reconstruction.safetensors";

export interface StoredReconstruction extends Geometry {
  /** [C, H, W] or [C, D, H, W] of each element. */
  shapes: readonly (readonly number[])[];
  /** What the network sees, one element after another. */
  input: Float32Array<ArrayBuffer>;
  output: Float32Array<ArrayBuffer>;
}

export function reconstructionPath(stem: string): string {
  return stem + FILE;
}

/** The stem of such a file; undefined for other files. */
export function stemOfReconstruction(path: string): string | undefined {
  return path.endsWith(FILE) ? path.slice(0, -FILE.length) : undefined;
}

/** Principal components of the latents of every element. */
export function latentsPath(selectionMetric: string): string {
  return `${selectionMetric}/latents.tsv`;
}

/** The latents themselves, in the order of that table. */
export function latentTensorsPath(selectionMetric: string): string {
  return `${selectionMetric}/latents.safetensors`;
}

/** A picture of a session. */
export function comparisonPath(
  selectionMetric: string,
  name: string,
  side: "input" | "output" | "residual",
): string {
  return `${selectionMetric}/pictures/${name}_${side}.png`;
}

/** Parts of a path that {@link comparisonPath} made; undefined for others. */
export function parseComparisonPath(
  path: string,
): { selectionMetric: string; name: string; side: string } | undefined {
  const match = /^([^/]+)\/pictures\/(.+)_(input|output|residual)\.png$/.exec(path);
  if (match === null) return undefined;
  const [, selectionMetric, name, side] = match;
  return { selectionMetric, name, side };
}

/** For the descriptions of artifact types. */
export const reconstructionDescription =
  "`input` and `output` float32 [elements, C, H, W] of slices, [elements, C, D, H, W] otherwise " +
  "([voxels] and `shapes` int32 [elements, 3] of regions that differ in size); `elements`, `affine`, `grid`, `origins` as in `attribution`";

export function writeReconstruction(
  { shapes, input, output, ...geometry }: StoredReconstruction,
): Uint8Array<ArrayBuffer> {
  const isVaried = areVaried(shapes);
  const shape = isVaried ? [input.length] : [shapes.length, ...shapes[0]];
  return writeSafetensors({
    input: { dtype: "float32", shape, data: input },
    output: { dtype: "float32", shape, data: output },
    ...geometryTensors(geometry),
    ...(isVaried && {
      shapes: {
        dtype: "int32" as const,
        shape: [shapes.length, 3],
        data: Int32Array.from(shapes.flatMap(([, ...extents]) => extents)),
      },
    }),
  });
}

/** @throws {DataError} when the file is damaged */
export async function readReconstruction(
  artifact: Pick<Artifact, "read">,
  stem: string,
): Promise<StoredReconstruction> {
  const path = reconstructionPath(stem);
  const file = readSafetensors(await artifact.read(path), path);
  const floats = (name: string) => {
    const { data } = file.tensor(name);
    if (data instanceof Float32Array) return data;
    throw new DataError(path, `its tensor ${name} is not float32`);
  };
  const [input, output] = ["input", "output"].map(floats);
  const geometry = parseGeometry(file, path);
  const count = geometry.elements.length;
  const extents = file.entries.has("shapes") ? file.tensor("shapes").data : undefined;
  const shapes = extents instanceof Int32Array
    ? Array.from({ length: count }, (_, e) => [1, ...extents.subarray(3 * e, 3 * e + 3)])
    : Array.from({ length: count }, () => file.tensor("input").shape.slice(1));
  const values = shapes.reduce(
    (sum, shape) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  if (input.length !== values || output.length !== values) {
    throw new DataError(path, `its tensors are not those of ${count} elements`);
  }
  return {
    shapes,
    input,
    output,
    ...geometry,
  };
}
