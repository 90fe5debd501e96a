/** Parameters and ports that the four extractions share. */
import { z } from "zod";
import type { OutputPort } from "../../workflow/step.ts";

const extent = z.int().min(1);
const millimetres = z.number().positive();

export const extractionParameters = {
  extract_json: z.string().regex(/^[\w.-]+$/, "must be a file name").optional().describe(
    "Name of the published tensor_extraction/NAME.json; the preprocessing and mode when absent.",
  ),
  target_shape: z.tuple([extent, extent, extent]).optional().describe(
    "Resample every volume to this many voxels (right, anterior, superior) about its centre, by trilinear interpolation; images of differing grids need it.",
  ),
  target_spacing: z.union([millimetres, z.tuple([millimetres, millimetres, millimetres])])
    .default(1).describe("Voxel size of the resampled volumes in mm, one or one an axis."),
};

export const extractionInputs = {
  caps: { types: ["caps"], description: "Images to extract from." },
};

export const extractionOutputs: Record<"images", OutputPort> = {
  images: {
    type: "images",
    description: "One tensor a volume. Published: a CAPS's deeplearning_prepare_data tree.",
    publish: async (artifact, target) => {
      const { publishTensors } = await import("./publish.ts");
      await publishTensors(artifact, target);
    },
  },
};

/** Threads that extraction asks for; it gets no more than there are. */
export const EXTRACTION_THREADS = 16;

/** The target grid that the parameters name. */
export function targetGrid(params: {
  target_shape?: [number, number, number];
  target_spacing: number | [number, number, number];
}) {
  const { target_shape: shape, target_spacing: spacing } = params;
  if (shape === undefined) return {};
  const sizes = typeof spacing === "number" ? [spacing, spacing, spacing] as const : spacing;
  return { target_grid: { shape, spacing: sizes } };
}
