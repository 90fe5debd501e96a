/** Reads ClinicaDL's `random_search.toml` as the space of a search over a train step. */
import { DataError } from "../../errors.ts";
import type { Json } from "../../workflow/step.ts";
import { clinicadlKeys, keysOfSection, parseSections, readSections } from "./clinicadl_config.ts";

/** How ClinicaDL draws a value from what is written; it takes what is not here as written. */
const DRAWS: Readonly<Record<string, "choice" | "exponent" | "randint" | "uniform">> = {
  accumulation_steps: "randint",
  baseline: "choice",
  d_reduction: "choice",
  dropout: "uniform",
  first_conv_width: "choice",
  learning_rate: "exponent",
  multi_network: "choice",
  n_conv: "choice",
  n_convblocks: "randint",
  n_fcblocks: "randint",
  network_normalization: "choice",
  normalize: "choice",
  optimizer: "choice",
  sampler: "choice",
  weight_decay: "exponent",
};

/** Keys of `[Random_Search]` that describe the network; the first three are required. */
const NETWORK_KEYS = [
  "n_convblocks",
  "first_conv_width",
  "n_fcblocks",
  "d_reduction",
  "network_normalization",
  "channels_limit",
  "n_conv",
];

/** Data and folds are steps of the workflow. */
const DROPPED = ["caps_directory", "tsv_path", "preprocessing_json", "n_splits", "split"];

/** Up to this an exponent gives a rate so close to 1 that it must be a rate itself. */
const SMALLEST_EXPONENT = 0.1;

/**
 * Domains by parameter, as `[search.NAME.space]` writes them. What ClinicaDL draws and where differs in two
 * ways: a learning rate or a weight decay that is not written keeps its default, where ClinicaDL takes 10 to the
 * power of minus that default, and `n_conv` is drawn once for all blocks.
 *
 * @throws {DataError} on a section, key or value that can't be honoured
 */
export function parseRandomSearch(
  text: string,
  subject: string,
  kind: "classification" | "regression",
): Record<string, Json> {
  const { Random_Search: own, ...sections } = parseSections(text, subject);
  if (own === undefined) throw new DataError(subject, "lacks the section [Random_Search]");
  const params = readSections(sections, subject, kind);
  const network = readOwnSection(own, params, subject, kind);
  const { wd_bool = true } = network;
  delete network.wd_bool;
  const space: Record<string, Json> = { architecture: { choice: ["RandomArchitecture"] } };
  for (const [name, value] of Object.entries({ ...params, ...network })) {
    if (name === "architecture") continue;
    space[name] = domainOf(name, value, subject);
  }
  const decay = decayOf(space.weight_decay, wd_bool, subject);
  if (decay !== undefined) space.weight_decay = decay;
  return space;
}

/** Keys of the network, and ordinary ones that no other section has. */
function readOwnSection(
  own: unknown,
  params: Readonly<Record<string, Json>>,
  subject: string,
  kind: "classification" | "regression",
): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const [key, value] of keysOfSection("Random_Search", own, subject)) {
    if (DROPPED.includes(key)) continue;
    if (key === "network_task") {
      if (value === kind) continue;
      throw new DataError(subject, `is for ${value}, and the step is a ${kind}`);
    }
    if (!NETWORK_KEYS.includes(key) && key !== "wd_bool" && !clinicadlKeys(kind).has(key)) {
      throw new DataError(subject, `unknown key "${key}" in [Random_Search]`);
    }
    if (Object.hasOwn(params, key)) {
      throw new DataError(subject, `${key} is in [Random_Search] and in another section`);
    }
    found[key] = value;
  }
  for (const key of NETWORK_KEYS.slice(0, 3)) {
    if (!Object.hasOwn(found, key)) {
      throw new DataError(subject, `lacks "${key}" in [Random_Search]`);
    }
  }
  return found;
}

function domainOf(name: string, value: Json, subject: string): Json {
  const draw = DRAWS[name];
  if (name === "data_augmentation" && value === false) return { choice: [[]] };
  const fixed = (value: Json): Json => ({ choice: [value] });
  if (draw === "exponent") return exponentDomain(name, value, subject);
  if (draw === undefined || !Array.isArray(value)) return fixed(value);
  if (draw === "choice") {
    if (value.length > 0) return { choice: [...new Set(value)] };
    throw new DataError(subject, `${name} lists no value`);
  }
  const [low, high] = rangeOf(name, value, subject);
  if (low === high) return fixed(low);
  return draw === "randint" ? { int: [low, high] } : { uniform: [low, high] };
}

/** 10 to the power of minus the number, or of one between two numbers. */
function exponentDomain(name: string, value: Json, subject: string): Json {
  const exponents = Array.isArray(value) ? rangeOf(name, value, subject) : [value];
  for (const exponent of exponents) {
    if (typeof exponent !== "number") {
      throw new DataError(subject, `${name} must be an exponent or two, not ${text(value)}`);
    }
    if (exponent === 0 || Math.abs(exponent) > SMALLEST_EXPONENT) continue;
    const meant = Number((10 ** -exponent).toPrecision(4));
    throw new DataError(
      subject,
      `${name} is an exponent in a random search: ${exponent} would be 10^-${exponent} = ${meant}; write ${-Math
        .log10(exponent)} for ${exponent}`,
    );
  }
  const [low, high = low] = exponents.map((exponent) => power(exponent as number));
  return low === high ? { choice: [low] } : { log_uniform: [high, low] };
}

/** Correctly rounded, so that an exponent of 4 is 1e-4. */
const power = (exponent: number) =>
  Number.isInteger(exponent) ? Number(`1e${-exponent}`) : 10 ** -exponent;

/** The weight decay, or none, or either, as `wd_bool` has it. */
function decayOf(decay: Json | undefined, allowed: Json, subject: string): Json | undefined {
  const choices = [allowed].flat();
  if (choices.length === 0 || choices.some((choice) => typeof choice !== "boolean")) {
    throw new DataError(
      subject,
      `wd_bool must be true, false or a list of them, not ${text(allowed)}`,
    );
  }
  if (!choices.includes(false)) return decay;
  if (!choices.includes(true)) return { choice: [0] };
  const { choice, ...range } = (decay ?? { choice: [1e-4] }) as Readonly<Record<string, Json>>;
  return choice === undefined
    ? { ...range, or: 0 }
    : { choice: [...new Set([0, ...choice as readonly Json[]])] };
}

function rangeOf(name: string, value: readonly Json[], subject: string): readonly [number, number] {
  const [low, high] = value;
  if (value.length === 2 && typeof low === "number" && typeof high === "number" && low <= high) {
    return [low, high];
  }
  throw new DataError(
    subject,
    `${name} must be two numbers, the smaller first, or one, not ${text(value)}`,
  );
}

const text = (value: Json) => JSON.stringify(value);
