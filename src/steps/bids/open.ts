import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import type { EntityName } from "../../imaging/datasets/entities.ts";
import { defineStep } from "../../workflow/step.ts";

const text = z.string().regex(/^[\w+.]*$/, "must be the value of an entity");
const index = z.int().min(0);
const wanted = z.union([text, index, z.array(z.union([text, index])).min(1)]).optional();

export default defineStep({
  kind: "bids.open",
  version: 3,
  summary: "Opens the raw images of a BIDS folder",
  description:
    `Looks for one image in each session, as \`caps.open\` does; a folder of \`derivatives\` is read
likewise. Raw images differ in grid: give the extraction a \`target_shape\`. A data set without \`ses-*\`
folders has one session a participant, called ses-M000 here.

Of several images of a session, \`entities\` chooses. Where it is silent, an image without \`space\`,
\`res\`, \`desc\` or \`rec\` goes before those with one, the magnitude before other parts, and then the
highest run before the others; each such choice is logged. Images that differ in anything else, such as
\`acq\` or \`echo\`, are an error that names the entity.`,
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
    entities: z.strictObject(
      {
        acq: wanted,
        ce: wanted,
        rec: wanted,
        run: wanted,
        echo: wanted,
        inv: wanted,
        part: wanted,
        chunk: wanted,
        space: wanted,
        res: wanted,
        desc: wanted,
      } satisfies Record<EntityName, typeof wanted>,
    ).optional().describe(
      'Values of entities to take, such as { acq = "mprage", run = 1 }; of a list the first that a session has; "" is an image without the entity.',
    ),
    frame: z.union([z.int().min(0), z.literal("mean")]).optional().describe(
      "Of images of several volumes (4D), such as dynamic PET: the index of the one to take, from 0, or the mean of all.",
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
    const { summariseDataset } = await import("../../imaging/datasets/summary.ts");
    const { openDataset } = await import("../../imaging/datasets/open.ts");
    const { SINGLE_COHORT } = await import("../../tables/identity.ts");
    const { params } = context;
    const cohort = {
      name: SINGLE_COHORT,
      root: params.bids_directory,
      list: params.participants_tsv,
    };
    const { frame } = params;
    const entities = params.entities && Object.fromEntries(
      Object.entries(params.entities).map(([name, wanted]) => [name, [wanted].flat().map(String)]),
    );
    const dataset = await openDataset(bidsLayout, [cohort], bidsPattern(params), context, {
      selection: entities ?? {},
      frame,
    });
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
          ...(entities && { entities }),
          ...(frame !== undefined && { frame }),
        },
        dataset,
      ),
    };
  },
});
