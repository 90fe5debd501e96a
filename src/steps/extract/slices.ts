import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import {
  checkGridParameters,
  EXTRACTION_THREADS,
  extractionForecast,
  extractionInputs,
  extractionOutputs,
  extractionParameters,
  gridRecipe,
} from "./parameters.ts";

const index = z.int().min(0);

const params = z.object({
  slice_direction: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(0).describe(
    "Axis across the slices: 0 sagittal, 1 coronal, 2 axial.",
  ),
  slice_mode: z.enum(["rgb", "single"]).default("rgb").describe(
    "Channels as a network sees them: the slice three times, or once.",
  ),
  discarded_slices: z.union([index, z.tuple([index, index])]).default(0).describe(
    "Slices left out at the beginning and the end: one number for both, or two.",
  ),
  slices: z.array(index).min(1).optional().describe("Indices of the slices to take instead."),
  slices_tsv: pathParameter().optional().describe(
    "Table of the slices to take instead: participant_id, slice_id and perhaps session_id, one row a slice.",
  ),
  ...extractionParameters,
});

type Params = z.output<typeof params>;

/** @param own slices of one image, from a table */
function recipeOf(
  { slice_direction, discarded_slices, slices, ...rest }: Params,
  own: readonly number[] | undefined = slices,
) {
  return {
    mode: "slice" as const,
    slice_direction,
    ...(own === undefined ? { discarded_slices: pairOf(discarded_slices) } : { slices: own }),
    ...gridRecipe(rest),
  };
}

/** Slices left out at the beginning, and at the end. */
function pairOf(discarded: number | [number, number]): [number, number] {
  return typeof discarded === "number" ? [discarded, discarded] : discarded;
}

function channelsOf({ slice_mode }: { slice_mode: "rgb" | "single" }): number {
  return slice_mode === "rgb" ? 3 : 1;
}

export default defineStep({
  kind: "extract.slices",
  version: 4,
  summary: "Cuts volumes into 2D slices",
  description:
    `\`slice_direction\` names an anatomical plane, whatever the orientation of the files: volumes are
turned to RAS (right, anterior, superior) by permuting and flipping axes, which changes no voxel; images
that are RAS, as those of Clinica, are cut as they are. With \`orientation = "stored"\` it names an axis of
the array, as in ClinicaDL; all files are then stored in one orientation. Images whose voxels differ in
size by more than 1 % need a \`target_shape\`. The orientation and the voxel size are kept with the slices
and with models that are trained on them; \`predict\` compares them.

Sagittal slices are coronal by axial voxels, and so on; nothing is rescaled, and NaN becomes 0. The
default takes every slice across the left-right axis, as ClinicaDL does; \`slices\` or \`slices_tsv\` name
them instead. With a table, all images need equally many slices, and predictions number them 0, 1, … in
the table's order. Infinite voxels are an error; an image of one value is reported. Cached an image:
adding a participant extracts one. ClinicaDL can train
on published slices that are consecutive.`,
  params,
  inputs: extractionInputs,
  outputs: extractionOutputs,
  runs: "worker",
  cpu: EXTRACTION_THREADS,
  checkParams(params) {
    const ways = [
      params.slices !== undefined && "slices",
      params.slices_tsv !== undefined && "slices_tsv",
      params.discarded_slices !== 0 && "discarded_slices",
    ].filter((name) => name !== false);
    const grid = checkGridParameters(params);
    return ways.length < 2 ? grid : [...grid, {
      parameter: ways[0],
      message: `${ways.join(" and ")} exclude each other`,
      suggestion: "keep one of them",
    }];
  },
  ...extractionForecast<Params>((params) => ({
    mode: "slice",
    channels: channelsOf(params),
    ...(params.slices_tsv === undefined && { recipe: recipeOf(params) }),
  })),
  checkInputs: async ({ params, inputs }) => {
    if (params.slices_tsv !== undefined) return;
    const { checkSlices } = await import("./extract_images.ts");
    await checkSlices(inputs.caps as Artifact, () => recipeOf(params));
  },
  run: async (context) => {
    const { extractAll } = await import("./extract_images.ts");
    const { sliceTable } = await import("../../imaging/datasets/slice_table.ts");
    const { slice_direction, slice_mode, discarded_slices, slices_tsv } = context.params;
    const table = slices_tsv === undefined
      ? undefined
      : sliceTable(await context.get(await context.external(slices_tsv)), slices_tsv);
    const images = await extractAll(context, {
      mode: "slice",
      channels: channelsOf(context.params),
      recipe: ({ participant, session }) => recipeOf(context.params, table?.(participant, session)),
      json: {
        slice_direction,
        slice_mode,
        discarded_slices: pairOf(discarded_slices),
        ...gridRecipe(context.params),
      },
      extract_json: context.params.extract_json,
    });
    return { images };
  },
});
