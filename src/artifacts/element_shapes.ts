/** Shapes of an image's elements: one for all, or where regions differ in size one each. */
import { DataError } from "../errors.ts";

/** Fields of a description. */
export interface ElementShapes {
  /** [C, H, W] or [C, D, H, W] of every element; absent where they differ. */
  element_shape?: readonly number[];
  /** Of each element, where they differ. */
  element_shapes?: readonly (readonly number[])[];
}

/** [C, H, W] or [C, D, H, W] of each element. */
export function shapesOf(
  { elements, element_shape, element_shapes }: ElementShapes & { elements: readonly number[] },
): readonly (readonly number[])[] {
  return element_shapes ?? elements.map(() => element_shape!);
}

/** Axes of the elements: 2 of slices, 3 of volumes. */
export function dimensionsOfElements(
  { mode, element_shape, element_shapes }: ElementShapes & { mode: string },
): 2 | 3 {
  const shape = element_shape ?? element_shapes?.[0];
  return (shape === undefined ? mode === "slice" : shape.length === 3) ? 2 : 3;
}

/** Whether elements have several shapes, as regions may. */
export function areVaried(shapes: readonly (readonly number[])[]): boolean {
  return shapes.some((shape) => shape.join() !== shapes[0].join());
}

/** The fields of a description: one shape where all are equal, else that of each element. */
export function describeShapes(
  shapes: readonly (readonly number[])[],
): ElementShapes {
  return areVaried(shapes) ? { element_shapes: shapes } : { element_shape: shapes[0] };
}

/**
 * The shape that all elements have.
 *
 * @param names of the elements; their indices when absent
 * @throws {DataError} listing the elements and their sizes where they differ
 */
export function commonShape(
  shapes: readonly (readonly number[])[],
  names?: readonly string[],
): readonly number[] {
  if (!areVaried(shapes)) return shapes[0];
  throw new DataError(
    "images",
    `the regions differ in size: ${
      listSizes(shapes, names)
    }; extract each by a step of its own, or ` +
      "all with roi_uncrop_output = true",
  );
}

/** `leftHippocampus (12 x 20 x 16), rightHippocampus (13 x 20 x 16)`; indices where there are no names. */
export function listSizes(
  shapes: readonly (readonly number[])[],
  names: readonly string[] = shapes.map((_, i) => String(i)),
): string {
  return shapes.map((shape, i) => `${names[i]} (${shape.slice(1).join(" x ")})`).join(", ");
}
