import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { choiceParameters, readChoice } from "../bids/choice.ts";
import { defineStep, type OutputPort, type StepOutput } from "../../workflow/step.ts";

export default defineStep({
  kind: "caps.open",
  version: 5,
  summary: "Opens a CAPS folder, or several as cohorts",
  description: `Looks for one image in each session: of all sessions, where those without an image
are left out with a warning, or of those in \`participants_tsv\`, each of which must have one. Of several
images \`entities\` chooses; where it is silent the choice is that of \`bids.open\`, such as the highest
run, which the log lists. Images that are missing, found twice or unreadable are reported together.
Images enter by their digest, so that an untouched folder is never read twice. The columns of the
data set's \`participants.tsv\`, its \`sub-*_sessions.tsv\` and the list are kept, and so are its \`masks\`.

With \`multi_cohort\`, \`caps_directory\` is a table of \`cohort\` and \`path\`; \`participants_tsv\` may be
one too, with the path of each cohort's list. A session of the same name in two cohorts is an error.

With \`extract_json\` it opens tensors that ClinicaDL, or Gyrus, prepared: the output is then \`images\`,
cut as \`tensor_extraction/<extract_json>.json\` describes where the files hold uncut images, regions by
the masks of the CAPS. Tensors that contradict the JSON, such as a missing patch, are an error.`,
  params: z.object({
    caps_directory: pathParameter().describe(
      "The CAPS folder, or with multi_cohort a table of cohort and path.",
    ),
    preprocessing: z.enum(["t1-linear", "pet-linear", "flair-linear", "custom"])
      .default("t1-linear").describe("Pipeline that made the images."),
    use_uncropped_image: z.boolean().default(false).describe(
      "Take the images on the full template grid, not the cropped ones.",
    ),
    tracer: z.string().min(1).optional().describe("PET: tracer, such as 18FFDG."),
    suvr_reference_region: z.enum(["pons", "pons2", "cerebellumPons", "cerebellumPons2"])
      .optional().describe("PET: reference region of the uptake ratio."),
    custom_suffix: z.string().min(1).optional().describe(
      "Custom: how the images' names end, such as graymatter_probability.nii.gz.",
    ),
    ...choiceParameters,
    participants_tsv: pathParameter().optional().describe(
      "Table of participant_id and session_id: the sessions to take.",
    ),
    multi_cohort: z.boolean().default(false).describe("Open several CAPS, named by a table."),
    extract_json: z.string().regex(/^[\w.-]+$/, "must be a file name").optional().describe(
      "Name of the tensor_extraction/NAME.json of prepared tensors; preprocessing comes from it.",
    ),
  }),
  inputs: {},
  outputs: (params): Record<string, OutputPort> =>
    params.extract_json === undefined
      ? { caps: { type: "caps", description: "The images and what is known of the sessions." } }
      : { images: { type: "images", description: "The tensors, one file a volume." } },
  runs: "inline",
  source: true,
  checkParams(params) {
    if (params.extract_json !== undefined) {
      return (["entities", "frame"] as const).filter((name) => params[name] !== undefined).map(
        (parameter) => ({ parameter, message: `extract_json takes no ${parameter}` }),
      );
    }
    const problems: { parameter: string; message: string }[] = [];
    const needed = {
      tracer: params.preprocessing === "pet-linear",
      suvr_reference_region: params.preprocessing === "pet-linear",
      custom_suffix: params.preprocessing === "custom",
    };
    for (const [name, need] of Object.entries(needed)) {
      const given = params[name as keyof typeof needed] !== undefined;
      if (need === given) continue;
      const verb = need ? "needs" : "takes no";
      problems.push({ parameter: name, message: `${params.preprocessing} ${verb} ${name}` });
    }
    return problems;
  },
  run: async (context): Promise<Record<string, StepOutput>> => {
    const { capsOutput } = await import("../../artifacts/caps.ts");
    const { capsPattern, capsLayout } = await import("../../imaging/datasets/caps.ts");
    const { summariseDataset } = await import("../../imaging/datasets/summary.ts");
    const { openDataset } = await import("../../imaging/datasets/open.ts");
    const { readCohorts } = await import("../../imaging/datasets/sessions.ts");
    const { SINGLE_COHORT } = await import("../../tables/identity.ts");
    const { params } = context;
    const cohorts = params.multi_cohort
      ? readCohorts(params.caps_directory, params.participants_tsv)
      : [{ name: SINGLE_COHORT, root: params.caps_directory, list: params.participants_tsv }];
    if (params.extract_json !== undefined) {
      const { openTensors } = await import("../extract/open_tensors.ts");
      return { images: await openTensors(context, cohorts, params.extract_json) };
    }
    const { options, meta } = readChoice(params);
    const dataset = await openDataset(capsLayout, cohorts, capsPattern(params), context, options);
    context.log(summariseDataset(dataset));
    const custom = params.preprocessing === "custom";
    return {
      caps: capsOutput(
        {
          source: "caps",
          preprocessing: params.preprocessing,
          use_uncropped_image: custom ? null : params.use_uncropped_image,
          tracer: params.tracer ?? null,
          suvr_reference_region: params.suvr_reference_region ?? null,
          custom_suffix: params.custom_suffix ?? null,
          ...meta,
        },
        dataset,
      ),
    };
  },
});
