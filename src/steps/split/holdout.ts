import { z } from "zod";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import { columnNames, columnParameters } from "../labels/columns.ts";
import { isSetAside, labelsPort } from "../tables/ports.ts";

export default defineStep({
  kind: "split.holdout",
  version: 3,
  summary: "Sets participants aside who match the others in diagnosis, age and sex",
  description:
    `Participants, not sessions, are drawn, in equal shares of each diagnosis. A draw is taken
when age (two-sided t-test with equal variances) and sex (chi-square test) differ so little that both
p-values reach their thresholds. Outputs are \`train\`, the subset under its own name, and \`tables\`,
ClinicaDL's folder \`split/\`, whose \`split.json\` holds the p-values too.

Unlike ClinicaDL: draws follow a seed and are bounded by \`max_draws\`, after which the best one is
taken with a warning that gives its p-values; the sexes are compared by their counts, not by
proportions, which nearly always pass; \`ignore_demographics\` still stratifies on the diagnosis;
\`categorical_split_variable\` works; the first session is the earliest, not the first by name, and where
neither names nor \`acq_time\` nor age give the order it is asked for; a share is rounded down exactly
(\`n_test = 0.29\` of 100 participants is 29, where ClinicaDL's rounding gives 28); \`M\` and \`male\` are
one sex.`,
  params: z.object({
    n_test: z.number().positive().default(100)
      .describe("Participants to set aside, or a share of all below 1 (rounded down)."),
    subset_name: z.string().regex(
      /^(?!train$|tables$)[a-zA-Z][a-zA-Z0-9_-]*$/,
      "must be a name other than train and tables",
    ).default("validation").describe("Name of the subset and of its output, such as test."),
    p_age_threshold: z.number().min(0).max(1).default(0.8)
      .describe("The p-value of age must reach this."),
    p_sex_threshold: z.number().min(0).max(1).default(0.8)
      .describe("The p-value of sex must reach this."),
    ignore_demographics: z.boolean().default(false).describe("Don't compare age and sex."),
    categorical_split_variable: z.string().min(1).optional()
      .describe("Column to stratify on, in addition to the diagnosis."),
    ...columnParameters,
    valid_longitudinal: z.boolean().default(false)
      .describe("The subset holds all sessions, not only the first of each participant."),
    max_draws: z.int().min(1).max(100_000).default(1000)
      .describe("Draws after which the best one is taken."),
    seed: z.int().min(0).max(0xffffffff).default(0).describe("Seed of the draws."),
  }),
  inputs: {
    labels: { types: ["labels", "participants"], description: "Sessions to divide." },
  },
  outputs: (params) => ({
    train: labelsPort("participants", "All sessions of the other participants."),
    [params.subset_name]: {
      ...labelsPort(
        "participants",
        "The subset's sessions: the first of each participant, or all if longitudinal.",
      ),
      setAside: isSetAside(params.subset_name),
    },
    tables: {
      type: "split",
      description: "ClinicaDL's folder split/.",
      setAside: isSetAside(params.subset_name),
    },
  }),
  checkParams: (params) =>
    params.n_test > 1 && !Number.isInteger(params.n_test)
      ? [{ parameter: "n_test", message: "must be an integer, or a share below 1" }]
      : [],
  runs: "inline",
  run: async (context) => {
    const { drawHoldout } = await import("../../tables/holdout.ts");
    const { labelsOutput, readLabels } = await import("../../artifacts/labels.ts");
    const { splitOutput } = await import("../../artifacts/split.ts");
    const { params } = context;
    const labels = await readLabels(context.inputs.labels as Artifact, "labels");
    const { train, heldOut, draws, matched, age, sex, warnings } = drawHoldout(labels, {
      nTest: params.n_test,
      seed: params.seed,
      pAgeThreshold: params.p_age_threshold,
      pSexThreshold: params.p_sex_threshold,
      ignoreDemographics: params.ignore_demographics,
      columns: columnNames(params),
      sexLevels: params.sex_levels,
      categoricalVariable: params.categorical_split_variable,
      maxDraws: params.max_draws,
    });
    warnings.forEach((warning) => context.warn(warning));
    const finite = (p: number | undefined) => p === undefined || Number.isNaN(p) ? null : p;
    const meta = {
      ...params,
      categorical_split_variable: params.categorical_split_variable ?? null,
      n_train_participants: train.length,
      n_subset_participants: heldOut.length,
      p_age: finite(age?.p),
      p_sex: finite(sex?.p),
      draws,
      matched,
    };
    const summary = `${heldOut.length} of ${train.length + heldOut.length} participants set aside` +
      (params.ignore_demographics
        ? ""
        : ` after ${draws} ${draws === 1 ? "draw" : "draws"}: p(age) = ${
          meta.p_age?.toPrecision(3) ?? "n/a"
        }, p(sex) = ${meta.p_sex?.toPrecision(3) ?? "n/a"}`);
    if (matched) context.log(summary);
    else context.warn(`${summary}; no draw reached the thresholds, this is the best one`);

    const subset = labels.of(new Set(heldOut));
    const trainTable = labels.of(new Set(train));
    return {
      train: labelsOutput(trainTable, "train"),
      [params.subset_name]: labelsOutput(
        params.valid_longitudinal ? subset : subset.baseline(),
        params.subset_name,
      ),
      tables: splitOutput(trainTable, subset, meta),
    };
  },
});
