import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep } from "../../workflow/step.ts";

export default defineStep({
  kind: "bids.open",
  version: 3,
  summary: "Opens the raw images of a BIDS folder",
  description:
    `Looks for one image in each session, as \`caps.open\` does. Raw images differ in grid
and orientation: give the extraction a \`target_shape\`. A data set without \`ses-*\` folders has one
session a participant, called ses-M000 here.`,
  params: z.object({
    bids_directory: pathParameter().describe("The BIDS folder."),
    modality: z.enum(["t1", "pet", "flair", "custom"]).default("t1").describe(
      "Images to take: anat/*_T1w, pet/*_pet, anat/*_flair, or those of custom_suffix.",
    ),
    tracer: z.string().min(1).optional().describe("PET: tracer, the trc- entity; any when absent."),
    reconstruction: z.string().min(1).optional().describe(
      "PET: reconstruction, the rec- entity; any when absent.",
    ),
    custom_suffix: z.string().min(1).optional().describe(
      "Custom: how the images' names end, such as _acq-mprage_T1w.nii.gz.",
    ),
    participants_tsv: pathParameter().optional().describe(
      "Table of participant_id and session_id: the sessions to take.",
    ),
  }),
  inputs: {},
  outputs: {
    caps: { type: "caps", description: "The images and what is known of the sessions." },
  },
  runs: "inline",
  source: true,
  checkParams(params) {
    const problems: { parameter: string; message: string }[] = [];
    for (const name of ["tracer", "reconstruction"] as const) {
      if (params[name] !== undefined && params.modality !== "pet") {
        problems.push({ parameter: name, message: `${params.modality} takes no ${name}` });
      }
    }
    const custom = params.modality === "custom";
    if (custom !== (params.custom_suffix !== undefined)) {
      const verb = custom ? "needs" : "takes no";
      problems.push({
        parameter: "custom_suffix",
        message: `${params.modality} ${verb} custom_suffix`,
      });
    }
    return problems;
  },
  run: async (context) => {
    const { capsOutput } = await import("../../artifacts/caps.ts");
    const { bidsLayout, bidsPattern } = await import("../../imaging/datasets/bids.ts");
    const { openDataset } = await import("../../imaging/datasets/open.ts");
    const { SINGLE_COHORT } = await import("../../imaging/datasets/sessions.ts");
    const { params } = context;
    const cohort = {
      name: SINGLE_COHORT,
      root: params.bids_directory,
      list: params.participants_tsv,
    };
    const dataset = await openDataset(bidsLayout, [cohort], bidsPattern(params), context);
    context.log(`${dataset.images.length} images`);
    return {
      caps: capsOutput(
        {
          source: "bids",
          preprocessing: params.modality,
          use_uncropped_image: null,
          tracer: params.tracer ?? null,
          reconstruction: params.reconstruction ?? null,
          suvr_reference_region: null,
          custom_suffix: params.custom_suffix ?? null,
        },
        dataset,
      ),
    };
  },
});
