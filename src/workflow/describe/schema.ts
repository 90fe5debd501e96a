/**
 * JSON Schema (draft 7) of workflow files for editors, from the step declarations.
 *
 * What a step may contain depends on its `uses`. That is written with `if` and `then`, not as
 * alternatives of `oneOf`: a validator then reports the key that is wrong, and not that a step matches
 * none of thirty alternatives.
 */
import { z } from "zod";
import { SAMPLER_NAMES } from "../search.ts";
import type { InputPort, Json, StepKind } from "../step.ts";

export type Schema = { readonly [key: string]: Json };

/** What can replace any value but a text, which can contain it. */
export const interpolation: Schema = {
  type: "string",
  pattern: "\\$\\{",
  description: "A value from [params] or from the matrix.",
};

const text = (description: string): Schema => ({ type: "string", minLength: 1, description });

const table = (properties: Record<string, Json>, description: string): Schema => ({
  type: "object",
  description,
  properties,
  additionalProperties: false,
});

const tableOf = (items: Schema, description: string): Schema => ({
  type: "object",
  description,
  additionalProperties: items,
});

const reference: Schema = text('"step", "step.output", "step[*]" or "step[axis=value]".');
const duration: Schema = {
  type: ["string", "number"],
  description: 'Such as "90s", "30m" or "2h", or a number of seconds.',
};
const bytes = (description: string): Schema => ({
  type: ["string", "integer"],
  description: `${description} Such as "8GiB" or "500MB".`,
});
const points: Schema = {
  type: "array",
  items: { type: "object", additionalProperties: { type: ["string", "number", "boolean"] } },
};

const whole = (description: string, minimum: number, preset?: number): Schema => ({
  type: "integer",
  minimum,
  description,
  ...(preset !== undefined && { default: preset }),
});

const range = (type: "number" | "integer", description: string): Schema => ({
  type: "array",
  items: { type },
  minItems: 2,
  maxItems: 2,
  description,
});

const domain: Schema = table({
  uniform: range("number", "Between two numbers."),
  log_uniform: range("number", "Between two numbers above 0, uniform in the logarithm."),
  int: range("integer", "A whole number from the first to the second."),
  choice: { type: "array", minItems: 1, description: "One of these values." },
  or: { description: "Of a range: another value, which half of the trials have instead." },
  when: {
    type: "object",
    description:
      "Other parameters of the space, each with the value or values for which this exists.",
    additionalProperties: true,
  },
}, "Values that the parameter may take: one of uniform, log_uniform, int and choice.");

const stages: Schema = table({
  min: whole("Epochs before the first decision.", 1),
  max: whole("Epochs of a trial that is never stopped.", 1),
  eta: whole("Factor from one decision's epoch to the next, and the share that goes on.", 2),
}, "When trials are judged.");

const search: Schema = table({
  description: text("What the search is for."),
  metric: text('"STEP.METRIC": of a model, on its validation set, or of an evaluation.'),
  goal: { enum: ["minimize", "maximize"], description: "Which values of the metric are better." },
  n_trials: whole("Number of trials; more continue a search.", 1),
  sampler: {
    enum: SAMPLER_NAMES,
    default: "tpe",
    description: "How trials are drawn.",
  },
  pruner: {
    description: "Which trials stop early.",
    anyOf: [{ enum: ["none"] }, table({ median: stages, asha: stages }, "One of median and asha.")],
  },
  seed: whole("Seed of the draws.", 0, 0),
  parallel: whole("Trials at once: trial k knows the results up to k - parallel.", 1, 1),
  space: tableOf(domain, "Parameters by STEP.PARAMETER or params.NAME."),
  config_file: text("ClinicaDL's random_search.toml: a part of the space."),
  outer: table({
    axis: text("Matrix axis of the metric's step: each of its values is an outer fold."),
    metric: text('"STEP.METRIC" of an evaluation of those who are set aside in all outer folds.'),
  }, "Nested cross-validation: the search in each outer fold, and a test of what it finds."),
}, "A search over parameters.");

const matrix: Schema = {
  description: "One instance for each combination of the axes' values.",
  anyOf: [
    text("The matrix of another step."),
    tableOf({
      anyOf: [
        { type: "array", minItems: 1, items: { type: ["string", "number", "boolean"] } },
        {
          type: "object",
          properties: { range: { anyOf: [{ type: "integer", minimum: 1 }, interpolation] } },
          required: ["range"],
          additionalProperties: false,
        },
        interpolation,
      ],
    }, "Axes by name."),
  ],
};

/** Of a step, besides `uses`, `in` and `with`. */
export const executionKeys: Record<string, Json> = {
  matrix,
  exclude: { ...points, description: "Points that are taken out of the matrix." },
  include: { ...points, description: "Points that are added to the matrix." },
  needs: {
    description: "Steps that must be done first though nothing of them is read.",
    anyOf: [reference, { type: "array", items: reference }],
  },
  retry: {
    type: ["integer", "string"],
    minimum: 0,
    maximum: 100,
    description: "How often to try again after a failure.",
  },
  timeout: { ...duration, description: `Longest duration. ${duration.description}` },
  resources: table({
    cpu: { type: ["integer", "string"], minimum: 1, description: "Processor cores." },
    gpu: { type: ["integer", "string"], minimum: 0, description: "Slots of the GPU pool." },
    memory: { type: ["string", "integer"], description: 'Such as "8GiB" or "500MB".' },
    time: duration,
  }, "What an instance takes up while it runs."),
  cache: {
    type: ["boolean", "string"],
    description: "False: always runs, and its result is never reused.",
  },
  device: {
    enum: ["exact", "class", "any"],
    description: "On which devices a cached result is as good as a computed one.",
  },
  keep: { type: ["boolean", "string"], description: "Whether the cache never drops the results." },
  description: text("What the step is for."),
};

const profile: Schema = table({
  cache: text("Folder of the cache; further ones, and a server after them, are only read."),
  cache_token: text("File with the token for the server of the cache."),
  jobs: { type: "integer", minimum: 1, description: "Instances at once." },
  executor: {
    enum: ["local", "slurm", "command"],
    default: "local",
    description: "Which scheduler runs the steps; local: this machine.",
  },
  cpu: whole(
    "Processors of a job whose step names none; default: 1, or up to 4 of what it can use.",
    1,
  ),
  memory: bytes("Memory of a job, where neither the step nor an earlier run asks for more."),
  max_memory: bytes("The most that a job gets after it ran out of memory; default: 4 times."),
  time: { ...duration, description: `Time limit of a job. ${duration.description}` },
  max_time: {
    ...duration,
    description: "The most that a job gets after it ran out of time; default: 4 times.",
  },
  partition: text("slurm: partition."),
  account: text("slurm: account."),
  gres: text('slurm: what a step that uses a GPU asks for, such as "gpu:1".'),
  array_limit: {
    type: "integer",
    minimum: 1,
    description: "slurm: jobs of an array that run at once.",
  },
  options: {
    type: "array",
    items: { type: "string" },
    description: 'slurm: further options of sbatch, such as ["--qos=long"].',
  },
  submit: text("command: submits {script} and prints the id of the job."),
  status: text("command: prints the ids of jobs that have not ended."),
  cancel: text("command: ends the job {id}."),
}, "Chosen by --profile NAME.");

/** Of the keys at the top of a file. */
export const fileKeys: Record<string, Json> = {
  version: { type: "integer", enum: [1], description: "Version of the file syntax." },
  name: text("Name of the workflow; the file's name when absent."),
  description: text("What the workflow is for."),
  include: {
    description:
      "Files of this folder whose tables come first; this file's values go before theirs. " +
      "--include-from DIR allows files of another folder.",
    anyOf: [text("A path."), { type: "array", items: text("A path.") }],
  },
  params: {
    type: "object",
    description: "Values for ${params.NAME}; --set params.NAME=VALUE.",
    additionalProperties: true,
  },
  defaults: table({
    with: {
      type: "object",
      description: "Reaches every step that declares the parameter.",
      additionalProperties: true,
    },
  }, "Parameters for all steps."),
  publish: tableOf(
    reference,
    'Copies of outputs, "path" = "step.output"; "report" is the HTML report of the run.',
  ),
  profile: tableOf(
    profile,
    "Where steps run, which cache to use and how many threads; never part of a key.",
  ),
  search: tableOf(search, "Searches over parameters; `gyrus search FILE NAME` runs one."),
};

/**
 * No key is required: a file that is included may leave out any of them.
 *
 * @param kinds every step kind that `uses` can name
 */
export function schemaFor(kinds: readonly StepKind[]): Schema {
  const sorted = [...kinds].sort((a, b) => a.kind < b.kind ? -1 : 1);
  const step: Schema = {
    ...stepTable({
      uses: {
        description: 'What the step does: a step kind, or "./my_step.ts".',
        anyOf: [{ enum: sorted.map(({ kind }) => kind) }, { type: "string", pattern: "^\\.\\.?/" }],
        // An extension of Taplo: one text for each value.
        "x-taplo": { docs: { enumValues: sorted.map(({ summary }) => summary) } },
      },
      in: tableOf(reference, "Inputs."),
      with: { type: "object", description: "Parameters.", additionalProperties: true },
    }),
    allOf: sorted.map((kind) => ({
      if: { properties: { uses: { enum: [kind.kind] } }, required: ["uses"] },
      then: { properties: { in: inputsSchema(kind), with: parametersSchema(kind) } },
    })),
  };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Gyrus workflow",
    type: "object",
    additionalProperties: false,
    properties: { ...fileKeys, steps: tableOf(step, "The steps by name.") },
  };
}

function stepTable(keys: Record<string, Json>): Schema {
  return table({ ...keys, ...executionKeys }, "A step.");
}

/** Of the steps of one kind. */
export function stepSchema(kind: StepKind): Schema {
  return stepTable({
    uses: { type: "string", description: kind.summary },
    in: inputsSchema(kind),
    with: parametersSchema(kind),
  });
}

function inputsSchema({ inputs }: StepKind): Schema {
  const ports = Object.entries(inputs).map(([name, port]) => [name, portSchema(port)]);
  return table(Object.fromEntries(ports), "Inputs.");
}

function parametersSchema({ params }: StepKind): Schema {
  const fields = Object.entries(params.shape).map(([name, field]) => [name, fieldSchema(field)]);
  return table(Object.fromEntries(fields), "Parameters.");
}

function portSchema({ description, types, many }: InputPort): Schema {
  const taken = `Takes ${types.join(" or ")}${many ? ', also several by "step[*]"' : ""}.`;
  return { type: "string", minLength: 1, description: `${description} ${taken}` };
}

/** A parameter's schema, or an interpolation instead of it. */
function fieldSchema(field: z.core.$ZodType): Schema {
  const json = parameterSchema(field);
  const { description, default: preset, ...rest } = json;
  const header = {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
  };
  return acceptsAnyText(rest)
    ? { ...header, ...rest }
    : { ...header, anyOf: [...alternatives(rest), interpolation] };
}

function alternatives(schema: Schema): readonly Json[] {
  return Array.isArray(schema.anyOf) && Object.keys(schema).length === 1 ? schema.anyOf : [schema];
}

function acceptsAnyText({ type, minLength, format, ...others }: Schema): boolean {
  const bare = (minLength === undefined || minLength === 1) &&
    (format === undefined || format === "path");
  return type === "string" && bare && Object.keys(others).length === 0;
}

/** Of a parameter, from its zod schema. */
export function parameterSchema(field: z.core.$ZodType): Schema {
  const { $schema: _, ...json } = z.toJSONSchema(field, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    reused: "inline",
  });
  return plain(json);
}

/** Without the limits of safe integers, which no reader needs, and with one form of a single value. */
function plain(value: unknown): Schema {
  const tidied = JSON.stringify(value, (key, item) => {
    const limit = (key === "minimum" || key === "maximum") && typeof item === "number";
    if (limit && Math.abs(item) === Number.MAX_SAFE_INTEGER) return undefined;
    if (item === null || typeof item !== "object" || !("const" in item)) return item;
    const { const: only, type: _, ...rest } = item;
    return { ...rest, enum: [only] };
  });
  return JSON.parse(tidied);
}
