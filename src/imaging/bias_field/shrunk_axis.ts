/**
 * One axis of the grid on which the field is estimated.
 *
 * The domain of the splines is a multiple of the spline distance, so ANTs pads the image to it, half of
 * the padding on each side, and keeps every fourth voxel of the padded image, about its centre. Padding
 * is no data: only samples inside the image count. The spline's domain reaches from the first to the
 * last sample of the padded axis while the field is estimated, and from its first to its last voxel when
 * it is evaluated.
 *
 * With an even number of padded voxels, two choices of samples are equally near the centre. Here it is
 * the later one; in ANTs, rounding errors of world coordinates decide, on oblique images either way.
 *
 * Source: `N4BiasFieldCorrection.cxx` of ANTs, `itkShrinkImageFilter` and
 * `itkBSplineScatteredDataPointSetToImageFilter` of ITK.
 */

/** One of so many voxels along an axis is a sample: ANTs' default. */
export const SHRINK = 4;

export interface ShrunkAxis {
  /** Intervals between knots on the coarsest level. */
  spans: number;
  /** Voxels of the image that are samples, rising. */
  samples: Int32Array;
  /** Position of each sample in the spline's domain, 0 to 1. */
  samplePositions: Float64Array;
  /** Position of each voxel of the image in the spline's domain, 0 to 1. */
  voxelPositions: Float64Array;
}

/**
 * @param voxels of the image along the axis
 * @param spacing of the voxels in mm
 * @param splineDistance between two knots of the coarsest level in mm
 */
export function shrinkAxis(
  voxels: number,
  spacing: number,
  splineDistance: number,
): ShrunkAxis {
  // In float32 as in ANTs: voxel sizes often leave just half a voxel to round.
  const { fround } = Math;
  const length = fround((voxels - 1) * fround(spacing));
  const spans = Math.ceil(length / splineDistance);
  const excess = fround(fround(spans * splineDistance - length) / fround(spacing));
  const padding = Math.floor(fround(excess + 0.5));
  const before = Math.floor(padding / 2);
  const padded = voxels + padding;
  const shrunk = Math.floor(padded / SHRINK);
  const centred = Math.floor((padded - 1 - SHRINK * (shrunk - 1)) / 2 + 0.5);
  // The shrink filter counts from the image's first voxel and clamps its offset to 0.
  const offset = Math.max(centred, before % SHRINK);

  const firstInside = Math.max(0, Math.ceil((before - offset) / SHRINK));
  const lastInside = Math.min(shrunk - 1, Math.floor((before + voxels - 1 - offset) / SHRINK));
  const inside = { length: Math.max(0, lastInside - firstInside + 1) };
  return {
    spans,
    samples: Int32Array.from(inside, (_, i) => offset + SHRINK * (firstInside + i) - before),
    samplePositions: Float64Array.from(inside, (_, i) => (firstInside + i) / (shrunk - 1)),
    voxelPositions: Float64Array.from(
      { length: voxels },
      (_, voxel) => (before + voxel) / (padded - 1),
    ),
  };
}
