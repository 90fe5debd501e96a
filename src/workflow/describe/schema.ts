/**
 * JSON Schema of workflow files for editors, from the step declarations.
 *
 * Taplo reads it, and understands JSON Schema up to StepOutput 4: alternatives are
 * `oneOf` with an `enum` of one value on `uses`; there is no `const`, `if` or `$defs`.
 */
import { z } from "zod";
import type { InputPort, Json, StepKind } from "../step.ts";

type Schema = { readonly [key: string]: Json };

const interpolation: Schema = {
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
const points: Schema = {
  type: "array",
  items: { type: "object", additionalProperties: { type: ["string", "number", "boolean"] } },
};

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

const executionKeys: Record<string, Json> = {
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

/** @param kinds every step kind that `uses` can name */
export function schemaFor(kinds: readonly StepKind[]): Schema {
  const sorted = [...kinds].sort((a, b) => a.kind < b.kind ? -1 : 1);
  return {
    $schema: "http://json-schema.org/draft-04/schema#",
    title: "Gyrus workflow",
    type: "object",
    required: ["version", "steps"],
    additionalProperties: false,
    properties: {
      version: { type: "integer", enum: [1], description: "Version of the file syntax." },
      name: text("Name of the workflow; the file's name when absent."),
      description: text("What the workflow is for."),
      include: {
        description: "Files whose tables come first; this file's values go before theirs.",
        anyOf: [text("A path."), { type: "array", items: text("A path.") }],
      },
      params: {
        type: "object",
        description: "Values for ${params.NAME}; --set params.NAME=VALUE.",
      },
      defaults: table({
        with: { type: "object", description: "Reaches every step that declares the parameter." },
      }, "Parameters for all steps."),
      steps: tableOf(
        { oneOf: [...sorted.map(stepSchema), ownStep, includedStep] },
        "The steps by name.",
      ),
      publish: tableOf(
        reference,
        'Copies of outputs, "path" = "step.output"; "report" is the HTML report of the run.',
      ),
      profile: tableOf(
        table({
          cache: text("Folder of the cache."),
          jobs: { type: "integer", minimum: 1, description: "Instances at once." },
        }, "Chosen by --profile NAME."),
        "Which cache to use and how many threads; never part of a key.",
      ),
    },
  };
}

function stepSchema({ kind, summary, params, inputs }: StepKind): Schema {
  const shape = Object.entries(params.shape);
  const ports = Object.entries(inputs);
  const required = (names: string[]): Schema => names.length > 0 ? { required: names } : {};
  return {
    type: "object",
    description: summary,
    required: ["uses"],
    additionalProperties: false,
    properties: {
      uses: { enum: [kind], description: summary },
      in: {
        ...table(
          Object.fromEntries(ports.map(([name, port]) => [name, portSchema(port)])),
          "Inputs.",
        ),
        ...required(ports.filter(([, port]) => !port.optional).map(([name]) => name)),
      },
      with: table(
        Object.fromEntries(shape.map(([name, field]) => [name, fieldSchema(field)])),
        "Parameters.",
      ),
      ...executionKeys,
    },
  };
}

const ownStep: Schema = {
  type: "object",
  description: "A step of your own.",
  required: ["uses"],
  properties: {
    uses: { type: "string", pattern: "^\\.\\.?/" },
    in: tableOf(reference, "Inputs."),
    with: { type: "object", description: "Parameters." },
    ...executionKeys,
  },
  additionalProperties: false,
};

const includedStep: Schema = {
  type: "object",
  description: "Changes to a step of an included file.",
  not: { required: ["uses"] },
  properties: {
    in: tableOf(reference, "Inputs."),
    with: { type: "object", description: "Parameters." },
    ...executionKeys,
  },
  additionalProperties: false,
};

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

/** StepOutput 4 of a parameter's zod schema. */
export function parameterSchema(field: z.core.$ZodType): Schema {
  const { $schema: _, ...json } = z.toJSONSchema(field, {
    target: "draft-4",
    io: "input",
    unrepresentable: "any",
    reused: "inline",
  });
  return plain(json);
}

/** zod marks safe integers by their limits, which no reader needs. */
function plain(value: unknown): Schema {
  const tidied = JSON.stringify(value, (key, item) => {
    const limit = (key === "minimum" || key === "maximum") && typeof item === "number";
    return limit && Math.abs(item) === Number.MAX_SAFE_INTEGER ? undefined : item;
  });
  return JSON.parse(tidied);
}
