import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import { labelsPort } from "../tables/ports.ts";
import { columnNames, columnParameters } from "./columns.ts";

export default defineStep({
  kind: "labels.get",
  version: 2,
  summary: "Selects the usable sessions and the label of each",
  description:
    `Sessions and diagnoses come from the data set (\`in.caps\`), or from Clinica's merged
table (\`merged_tsv\`); with both, from the table, and sessions without an image are left out. The log
lists what each stage left out.

As ClinicaDL: sessions are named \`ses-M<months>\`, others are left out; a missing diagnosis between two equal ones is
filled in, other sessions without one are left out; ADNI's \`adni_diagnosis_change\` replaces a
missing diagnosis; subjective memory complaints are left out unless kept.

Unlike ClinicaDL: where no session at all is named \`ses-M<months>\`, those of other names are
labelled; \`ses-M06\` and \`ses-M006\` are the same session, \`01\` and \`sub-01\` the same participant;
\`missing_mods\` is used only when given; two rows of one session are an error, and so are two sexes of
one person; labels without age or sex are allowed, with a warning; columns have exact names
(\`age_column\`), and \`age_bl\` is no age of later sessions; an age of \`89+\` is 89, of \`18-38\`
missing. A session counts by its own diagnosis; \`labels.progression\` adds whether it is
stable.`,
  params: z.object({
    diagnoses: z.array(z.string().min(1)).min(1).default(["AD", "CN"])
      .describe("Diagnoses to keep."),
    modality: z.string().min(1).default("t1w")
      .describe("Column of the missing_mods tables that must be 1."),
    variables_of_interest: z.array(z.string().min(1)).default([])
      .describe("Columns to keep in addition to age, sex and diagnosis."),
    merged_tsv: pathParameter().optional()
      .describe("Table of all sessions, as `clinica iotools merge-tsv` writes it."),
    missing_mods: pathParameter().optional()
      .describe("Folder of missing_mods_<session>.tsv, as `clinica iotools` writes it."),
    restriction_tsv: pathParameter().optional()
      .describe("Table of participant_id and session_id: only these are kept."),
    keep_smc: z.boolean().default(false)
      .describe("Keep participants enrolled with a subjective memory complaint."),
    ...columnParameters,
    remove_unique_session: z.boolean().default(false)
      .describe("Leave out participants with a single session."),
  }),
  inputs: {
    caps: {
      types: ["caps"],
      description: "Data set whose sessions are labelled.",
      optional: true,
    },
    quality: {
      types: ["quality"],
      description:
        "Quality of the registrations: sessions that failed or are outliers are left out.",
      optional: true,
    },
  },
  outputs: {
    labels: labelsPort(
      "labels",
      "One row a session: ids, age, sex, diagnosis and the variables of interest.",
    ),
  },
  runs: "inline",
  run: async (context) => {
    const { listFolder } = await import("../../disk/folders.ts");
    const { readTsv } = await import("../../formats/tsv.ts");
    const { getLabels, labelColumns } = await import("../../tables/labels.ts");
    const { IMAGES_FILE } = await import("../../artifacts/caps.ts");
    const { labelsOutput } = await import("../../artifacts/labels.ts");
    const { readQuality, registeredWell } = await import("../../artifacts/quality.ts");
    const { imagedIn, readMissingMods, sessionSet, sharedImages } = await import(
      "../../tables/availability.ts"
    );
    const { readMetadata } = await import("./read_metadata.ts");
    const { params } = context;
    const bytes = async (path: string) => await context.get(await context.external(path));

    const caps = context.inputs.caps as Artifact | undefined;
    const chosen = {
      columns: columnNames(params),
      variablesOfInterest: params.variables_of_interest,
    };
    const merged = await readMetadata(context, params.merged_tsv, labelColumns(chosen));
    const images = caps && readTsv(await caps.readText(IMAGES_FILE), IMAGES_FILE);
    for (const pair of images ? sharedImages(images) : []) {
      context.warn(`${pair} have the same image: the check for leakage counts them as one person`);
    }

    let imaged = images && imagedIn(images, merged);
    if (params.missing_mods !== undefined) {
      const { available, absent } = await readMissingMods(
        {
          path: params.missing_mods,
          names: listFolder(params.missing_mods).map((entry) => entry.name),
          read: bytes,
        },
        params.modality,
        merged,
      );
      if (absent.length > 0) {
        context.warn(`no missing_mods table of ${absent.join(", ")}: these sessions are left out`);
      }
      imaged = imaged?.intersection(available) ?? available;
    }
    const quality = context.inputs.quality as Artifact | undefined;
    const { table, account, warnings } = getLabels(merged, {
      ...chosen,
      diagnoses: params.diagnoses,
      keepSmc: params.keep_smc,
      removeUniqueSession: params.remove_unique_session,
      sexLevels: params.sex_levels,
      imaged,
      registered: quality && registeredWell(await readQuality(quality), merged),
      restriction: params.restriction_tsv === undefined ? undefined : sessionSet(
        readTsv(await bytes(params.restriction_tsv), params.restriction_tsv),
        params.restriction_tsv,
      ),
    });
    warnings.forEach((warning) => context.warn(warning));
    context.log(account.join("\n"));
    return { labels: labelsOutput(table, "labels") };
  },
});
