/** From the parameter `augmentations` to the transforms of the trainer, for the images at hand. */
import { type ImageSet, imagesMeta } from "../../artifacts/images.ts";
import { DataError } from "../../errors.ts";
import type { ExtractionJson } from "../../imaging/datasets/extraction_json.ts";
import type { TrainerOptions } from "../../nn/training/trainer.ts";
import type { TransformEntry } from "../../nn/transforms/mod.ts";
import { RAS_PIPELINES } from "../model/compare_extractions.ts";
import { loadedShape, loadingOf } from "../model/loading.ts";
import { type ANATOMICAL_AXES, type Augmentations, LATERAL_FLIPS } from "./augmentations.ts";

/** Letters of an orientation, by anatomical axis. */
const LETTERS = { left_right: "LR", anterior_posterior: "AP", inferior_superior: "IS" } as const;

type AnatomicalAxis = typeof ANATOMICAL_AXES[number];

/** Axes of the elements of an extraction. */
interface ElementAxes {
  /** Where they point, such as `RAS`, or `AS` of a sagittal slice; undefined where it is not known. */
  orientation?: string;
  /** mm; undefined where it is not known. */
  spacing?: number[];
  dimensions: 2 | 3;
}

/**
 * @returns transforms, or undefined where there are none
 * @throws {DataError} a transform that the elements don't allow
 */
export function transformOptions(
  params: Parameters<typeof loadingOf>[0] & { readonly augmentations?: Augmentations },
  images: ImageSet,
  warn?: (message: string) => void,
): TrainerOptions["transforms"] {
  const { augmentations = [] } = params;
  if (augmentations.length === 0) return undefined;
  const loading = loadingOf(params);
  const shapes = images.elementShapes.map((shape) => loadedShape(loading, images.mode, shape));
  const axes = elementAxes(imagesMeta(images.artifact).extraction, loading.sizeReduction);
  const extents = shapes[0].slice(1).map((_, axis) =>
    Math.min(...shapes.map((shape) => shape[axis + 1]))
  );
  if (axes.spacing === undefined) {
    warn?.("the images do not state the size of their voxels: augmentations take it as 1 mm");
  }
  if (augmentations.some(({ flip }) => flip?.axes.includes("left_right"))) warn?.(LATERAL_FLIPS);
  return {
    entries: augmentations.map((entry) => resolveEntry(entry, axes, extents)),
    spacing: axes.spacing ?? extents.map(() => 1),
  };
}

function elementAxes(extraction: ExtractionJson, reduction: number): ElementAxes {
  const { mode, slice_direction, spacing, preprocessing } = extraction;
  const known = extraction.orientation ??
    (RAS_PIPELINES.includes(preprocessing) ? "RAS" : undefined);
  const kept = [0, 1, 2].filter((axis) => mode !== "slice" || axis !== slice_direction);
  return {
    orientation: known && kept.map((axis) => known[axis]).join(""),
    spacing: spacing && kept.map((axis) => spacing[axis] * reduction),
    dimensions: mode === "slice" ? 2 : 3,
  };
}

function resolveEntry(
  entry: Augmentations[number],
  elements: ElementAxes,
  extents: readonly number[],
): TransformEntry {
  const { flip, anisotropy, ghosting, swap, elastic } = entry;
  if (flip) {
    const axes = flip.axes.flatMap((axis) => axisOf(axis, elements));
    if (axes.length > 0) return { flip: { ...flip, axes } };
    throw new DataError(
      "augmentations",
      `flip names ${flip.axes.join(" and ")} alone, and the slices lie across it`,
    );
  }
  if (anisotropy) return { anisotropy: { ...anisotropy, axes: axesOf(anisotropy.axes, elements) } };
  if (ghosting) return { ghosting: { ...ghosting, axes: axesOf(ghosting.axes, elements) } };
  if (swap) checkSwap(swap.patch_size, extents);
  if (elastic) checkElastic(elastic, elements.dimensions);
  return entry as TransformEntry;
}

/** The axis of the tensors; none where slices lie across it. */
function axisOf(axis: AnatomicalAxis, { orientation, dimensions }: ElementAxes): number[] {
  if (orientation === undefined) {
    throw new DataError(
      "augmentations",
      `flip names ${axis}, and the images do not state where their axes point; extract them with ` +
        "Gyrus, which records it",
    );
  }
  const found = [...orientation].findIndex((letter) => LETTERS[axis].includes(letter));
  if (found < 0 && dimensions === 3) {
    throw new DataError("augmentations", `flip names ${axis}, and no axis of ${orientation} is it`);
  }
  return found < 0 ? [] : [found];
}

/** Axes that the elements have: slices have no third. */
function axesOf(axes: readonly number[], { dimensions }: ElementAxes): number[] {
  const kept = axes.filter((axis) => axis < dimensions);
  if (kept.length > 0) return kept;
  throw new DataError("augmentations", "axes names 2 alone, and slices have the axes 0 and 1");
}

function checkSwap(patch_size: number | readonly number[], extents: readonly number[]): void {
  const sizes = extents.map((_, axis) =>
    typeof patch_size === "number" ? patch_size : patch_size[axis]
  );
  if (sizes.every((size, axis) => size <= extents[axis])) return;
  throw new DataError(
    "augmentations",
    `swap has patches of ${sizes.join(" x ")}, and elements are ${extents.join(" x ")}; ` +
      "set a smaller patch_size",
  );
}

function checkElastic(
  { num_control_points: count, locked_borders }: NonNullable<Augmentations[number]["elastic"]>,
  dimensions: 2 | 3,
): void {
  const counts = (typeof count === "number" ? [count, count, count] : count).slice(0, dimensions);
  if (counts.every((points) => points > 2 * locked_borders)) return;
  throw new DataError(
    "augmentations",
    `elastic locks ${locked_borders} control points at either end of ${
      Math.min(...counts)
    }, so that ` +
      "none is left; use more control points or fewer locked_borders",
  );
}
