import { z } from "zod";
import { validateParams } from "../../workflow/expand/parameters.ts";
import { defineStep, type Json, type StepKind } from "../../workflow/step.ts";
import artifacts from "../generate/artifacts.ts";
import hypometabolic from "../generate/hypometabolic.ts";
import {
  GENERATION_THREADS,
  generationOutputs,
  n_subjects,
  seed,
  sourceInput,
} from "../generate/parameters.ts";
import phantom from "../generate/phantom.ts";
import random from "../generate/random.ts";
import shepplogan from "../generate/shepplogan.ts";
import trivial from "../generate/trivial.ts";

/** The kinds `generate.*` by the values of `kind`. */
const GENERATORS: Readonly<Record<string, StepKind>> = {
  phantom,
  trivial,
  random,
  shepplogan,
  hypometabolic,
  artifacts,
};

/** Parameters that every `kind` accepts, needed or not. */
const common = {
  kind: z.enum(Object.keys(GENERATORS)).describe("What is generated."),
  n_subjects: n_subjects.describe("Participants of each class; hypometabolic: in all."),
  seed,
};

/** Names of the generators that take a parameter. */
function takersOf(parameter: string): string[] {
  return Object.keys(GENERATORS).filter((name) => parameter in GENERATORS[name].params.shape);
}

/** The generators' other parameters, without defaults: the generator fills in what is left out. */
function optionalParameters(): Record<string, z.ZodOptional> {
  const parameters: Record<string, z.ZodOptional> = {};
  for (const { params } of Object.values(GENERATORS)) {
    for (const [name, schema] of Object.entries(params.shape)) {
      if (name in common || name in parameters) continue;
      const given = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
      const takers = takersOf(name).map((kind) => `generate.${kind}`);
      parameters[name] = z.optional(given).describe(`Of ${takers.join(" and ")}.`);
    }
  }
  return parameters;
}

/** The parameters that are given, those of the generator apart from those of others. */
function partition({ kind, ...given }: { kind: string; [parameter: string]: Json }) {
  const { shape } = GENERATORS[kind].params;
  const own: Record<string, Json> = {};
  const foreign: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (name in shape) own[name] = value;
    else if (!(name in common)) foreign.push(name);
  }
  return { generator: GENERATORS[kind], own, foreign };
}

export default defineStep({
  kind: "caps.generate",
  version: 1,
  summary: "Generates a data set; the older spelling of generate.*",
  description:
    `The older spelling of \`generate.phantom\`, \`generate.trivial\`, \`generate.random\`,
\`generate.shepplogan\`, \`generate.hypometabolic\` and \`generate.artifacts\`: \`kind\` names one of
them, and the other parameters are its own. It generates the same images.`,
  params: z.object({ ...common, ...optionalParameters() }) as z.ZodObject<
    typeof common,
    z.core.$catchall<z.ZodType<Json>>
  >,
  inputs: { caps: { ...sourceInput, optional: true } },
  outputs: generationOutputs,
  runs: "worker",
  cpu: GENERATION_THREADS,
  checkParams(params) {
    const { generator, own, foreign } = partition(params);
    if (foreign.length > 0) {
      return foreign.map((parameter) => ({
        parameter,
        message: `${parameter} belongs to ${
          takersOf(parameter).join(" and ")
        }, not to ${params.kind}`,
      }));
    }
    const checked = validateParams(generator, own, "");
    if (!("problems" in checked)) return [];
    return checked.problems.map(({ path, ...problem }) => ({
      parameter: `${path[0]}`,
      ...problem,
    }));
  },
  preflight: {
    reads: [],
    check: async (context) => {
      const { generator, own } = partition(context.params);
      const params = generator.params.parse(own);
      return await generator.preflight?.check({ ...context, params }) ?? {};
    },
  },
  async estimate(params, inputs, inputBytes) {
    const { generator, own } = partition(params);
    return await generator.estimate?.(generator.params.parse(own), inputs, inputBytes) ?? {};
  },
  run: async (context) => {
    const { generator, own } = partition(context.params);
    return await generator.run({ ...context, params: generator.params.parse(own) });
  },
});
