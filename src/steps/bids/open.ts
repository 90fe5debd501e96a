import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep } from "../../workflow/step.ts";
import { choiceParameters, readChoice } from "./choice.ts";

export default defineStep({
  kind: "bids.open",
  version: 4,
  summary: "Opens the raw images of a BIDS folder",
  description:
    `Looks for one image in each session, as \`caps.open\` does; a folder of \`derivatives\` is read
likewise. Raw images differ in grid: give the extraction a \`target_shape\`. A data set without \`ses-*\`
folders has one session a participant, called ses-M000 here.

Of several images of a session, \`entities\` chooses. Where it is silent, an image without \`space\`,
\`res\`, \`desc\` or \`rec\` goes before those with one, the magnitude before other parts, then the
highest run before the others, and last \`.nii.gz\` before a \`.nii\` of the same name, if both hold the
same image; each such choice is logged. Images that differ in anything else, such as \`acq\` or \`echo\`,
are an error that names the entity.

The mean of a dynamic image weighs its volumes by the \`FrameDuration\` of the JSON files that BIDS
puts next to it or in a folder above; a data set without has plain means, with a warning.`,
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
    ...choiceParameters,
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
    const { summariseDataset } = await import("../../imaging/datasets/summary.ts");
    const { openDataset } = await import("../../imaging/datasets/open.ts");
    const { SINGLE_COHORT } = await import("../../tables/identity.ts");
    const { params } = context;
    const cohort = {
      name: SINGLE_COHORT,
      root: params.bids_directory,
      list: params.participants_tsv,
    };
    const { options, meta } = readChoice(params);
    const dataset = await openDataset(bidsLayout, [cohort], bidsPattern(params), context, options);
    context.log(summariseDataset(dataset));
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
          ...meta,
        },
        dataset,
      ),
    };
  },
});
