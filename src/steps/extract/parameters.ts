/** Parameters and ports that the four extractions share. */
import { z } from "zod";
import type {
  OutputPort,
  Preflight,
  PreflightInput,
  StepDeclaration,
} from "../../workflow/step.ts";
import type { DeclaredCut } from "./declare_images.ts";

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
  crop_or_pad: z.tuple([extent, extent, extent]).optional().describe(
    "Crop every volume, or pad it with zeros, to this many voxels along its axes, about its centre and without interpolation.",
  ),
  orientation: z.enum(["RAS", "stored"]).default("RAS").describe(
    "Axes 0, 1, 2 of every volume: right, anterior, superior (files of other orientations are turned, which changes no voxel), or as stored, as ClinicaDL takes them.",
  ),
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

interface GridParameters {
  target_shape?: [number, number, number];
  target_spacing: number | [number, number, number];
  orientation: "RAS" | "stored";
  crop_or_pad?: [number, number, number];
}

/** What the parameters ask for before volumes are cut, as a recipe has it. */
export function gridRecipe(params: GridParameters) {
  const { target_shape: shape, target_spacing: spacing, orientation, crop_or_pad } = params;
  const cropped = crop_or_pad && { crop_or_pad };
  if (orientation === "stored") return { orientation, ...cropped };
  if (shape === undefined) return { ...cropped };
  const sizes = typeof spacing === "number" ? [spacing, spacing, spacing] as const : spacing;
  return { target_grid: { shape, spacing: sizes } };
}

export function checkGridParameters({ target_shape, orientation, crop_or_pad }: GridParameters) {
  const suggestion = "leave one of them out";
  if (target_shape !== undefined && orientation === "stored") {
    return [{
      parameter: "orientation",
      message: "target_shape resamples along right, anterior, superior, not as stored",
      suggestion,
    }];
  }
  return target_shape === undefined || crop_or_pad === undefined ? [] : [{
    parameter: "crop_or_pad",
    message: "target_shape resamples to a shape already",
    suggestion,
  }];
}

/** What an extraction declares of its images and their cost before it runs. */
export function extractionForecast<P>(cutOf: (params: P) => DeclaredCut): {
  preflight: Preflight<P>;
  estimate: (
    params: P,
    inputs: Parameters<NonNullable<StepDeclaration["estimate"]>>[1],
  ) => ReturnType<NonNullable<StepDeclaration["estimate"]>>;
} {
  const declare = async (params: P, caps: PreflightInput | undefined) => {
    const { declareImages } = await import("./declare_images.ts");
    return await declareImages(caps, cutOf(params));
  };
  return {
    preflight: {
      reads: [],
      readsIfKnown: ["caps"],
      check: async ({ params, inputs }) => ({
        images: await declare(params, inputs.caps as PreflightInput | undefined),
      }),
    },
    estimate: async (params, inputs) => {
      const { estimateExtraction } = await import("./declare_images.ts");
      return estimateExtraction(await declare(params, inputs.caps?.[0]));
    },
  };
}
