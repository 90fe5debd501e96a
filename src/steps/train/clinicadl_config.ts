/** Reads ClinicaDL's training configuration (its `--config_file`) as parameters of a train step. */
import { DataError } from "../../errors.ts";
import type { Task } from "../../evaluation/predictions.ts";
import { parseToml, TomlError } from "../../workflow/parse/toml.ts";
import type { Json } from "../../workflow/step.ts";
import { isVariational, parametersOfAutoencoder } from "../model/autoencoder_parameters.ts";

/**
 * How a key is read: `take` it under its own name; `drop` it, since it controls ClinicaDL's
 * execution or another task; or accept only the listed values, which have no effect.
 */
type Rule = "take" | "drop" | { only: readonly Json[]; instead: string };

const off = (instead: string): Rule => ({ only: [false, ""], instead });
const reconstruction: Record<string, Rule> = { selection_metrics: "take", loss: "take" };
const regression: Record<string, Rule> = { selection_metrics: "take", label: "take", loss: "take" };
const classification: Record<string, Rule> = {
  ...regression,
  label_code: "take",
  selection_threshold: "take",
};
const dropAll = (keys: Record<string, Rule>): Record<string, Rule> =>
  Object.fromEntries(Object.keys(keys).map((key) => [key, "drop"]));

/** Keys of `[Architecture]` that autoencoders alone have, and ClinicaDL's defaults. */
const AUTOENCODER_KEYS: Readonly<Record<string, number>> = {
  latent_space_size: 128,
  feature_size: 1024,
  n_conv: 4,
  io_layer_channels: 8,
  recons_weight: 1,
  kl_weight: 1,
};

function rules(kind: Task): Record<string, Record<string, Rule>> {
  const ofAutoencoders = kind === "reconstruction" ? "take" : "drop";
  return {
    Model: {
      architecture: "take",
      multi_network: "take",
      ssda_network: off("domain adaptation is not offered"),
    },
    Architecture: {
      dropout: kind === "reconstruction" ? "drop" : "take",
      ...Object.fromEntries(
        Object.keys(AUTOENCODER_KEYS).map((key) => [key, ofAutoencoders] as const),
      ),
      normalization: "drop",
    },
    Classification: kind === "classification" ? classification : dropAll(classification),
    Regression: kind === "regression" ? regression : dropAll(regression),
    Reconstruction: kind === "reconstruction" ? reconstruction : dropAll(reconstruction),
    Computational: {
      gpu: "drop",
      n_proc: "drop",
      batch_size: "take",
      evaluation_steps: "take",
      fully_sharded_data_parallel: off("training runs on one device"),
      amp: off("training computes in float32"),
    },
    Reproducibility: {
      seed: "take",
      deterministic: "drop",
      compensation: "drop",
      track_exp: off("curves are in training.tsv, the event files and the report"),
    },
    Transfer_learning: {
      transfer_path: off('connect the source model to the port "in.transfer"'),
      transfer_selection_metric: "take",
      nb_unfrozen_layer: "take",
    },
    Mode: { use_extracted_features: "drop" },
    Data: {
      multi_cohort: "drop",
      diagnoses: "take",
      baseline: "take",
      valid_longitudinal: "take",
      normalize: "take",
      data_augmentation: "take",
      sampler: "take",
      size_reduction: "take",
      size_reduction_factor: "take",
      caps_target: off("domain adaptation is not offered"),
      tsv_target_lab: off("domain adaptation is not offered"),
      tsv_target_unlab: off("domain adaptation is not offered"),
      preprocessing_dict_target: off("domain adaptation is not offered"),
    },
    Cross_validation: { n_splits: "drop", split: "drop" },
    Optimization: {
      optimizer: "take",
      epochs: "take",
      learning_rate: "take",
      adaptive_learning_rate: "take",
      weight_decay: "take",
      patience: "take",
      tolerance: "take",
      accumulation_steps: "take",
      profiler: off("use gyrus doctor"),
      save_all_models: "take",
    },
    Informations: { emissions_calculator: off("not offered") },
  };
}

/** Whether a value leaves the choice to the program. */
function isDefault(key: string, value: Json): boolean {
  if (key === "architecture") return value === "default";
  if (key === "dropout") return value === 0;
  return key === "label_code" && JSON.stringify(value) === "{}";
}

/** @throws {DataError} when it is no TOML */
export function parseSections(text: string, subject: string): Record<string, unknown> {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new DataError(subject, `line ${error.line}: ${error.message}`);
  }
}

/** Keys and values of a section. @throws {DataError} when it is no table */
export function keysOfSection(
  section: string,
  body: unknown,
  subject: string,
): [string, Json][] {
  if (body !== null && typeof body === "object" && !Array.isArray(body)) {
    return Object.entries(body as Record<string, Json>);
  }
  throw new DataError(subject, `[${section}] must be a table`);
}

/** Keys of training that a configuration may set. */
export function clinicadlKeys(kind: "classification" | "regression"): Set<string> {
  return new Set(
    Object.values(rules(kind)).flatMap((keys) =>
      Object.keys(keys).filter((key) => keys[key] === "take")
    ),
  );
}

/**
 * Parameters that a ClinicaDL configuration sets. Folds are an axis of the workflow's matrix, so
 * `n_splits` and `split` are dropped.
 *
 * @throws {DataError} on a section, key or value that can't be honoured
 */
export function parseClinicadlConfig(
  text: string,
  subject: string,
  kind: Task,
): Record<string, Json> {
  return readSections(parseSections(text, subject), subject, kind);
}

/** @throws {DataError} on a section, key or value that can't be honoured */
export function readSections(
  sections: Readonly<Record<string, unknown>>,
  subject: string,
  kind: Task,
): Record<string, Json> {
  const known = rules(kind);
  const params: Record<string, Json> = {};
  for (const [section, body] of Object.entries(sections)) {
    const keys = known[section];
    if (!keys) throw new DataError(subject, `unknown section [${section}]`);
    for (const [key, value] of keysOfSection(section, body, subject)) {
      const rule = keys[key];
      if (rule === undefined) throw new DataError(subject, `unknown key "${key}" in [${section}]`);
      if (rule === "drop") continue;
      if (rule !== "take") {
        if (rule.only.includes(value)) continue;
        throw new DataError(
          subject,
          `${key} = ${JSON.stringify(value)} in [${section}] can't be honoured: ${rule.instead}`,
        );
      }
      if (isDefault(key, value)) continue;
      if (key === "data_augmentation") Object.assign(params, readAugmentation(value));
      else params[key] = value;
    }
  }
  for (const key of ignoredKeys(params)) delete params[key];
  if (kind !== "reconstruction") return params;
  for (const key of unusedByAutoencoder(params)) delete params[key];
  return withWeightOfSamples(params);
}

/**
 * ClinicaDL sums the reconstruction's term over a batch, where it is a mean here: the weight is
 * multiplied by the batch size. Its CVAEs ignore the weight, except with the continuous loss.
 */
function withWeightOfSamples(params: Record<string, Json>): Record<string, Json> {
  const { batch_size = 8, recons_weight = 1, architecture, loss } = params;
  const ofVariational = architecture === undefined
    ? String(loss).startsWith("VAE")
    : isVariational(String(architecture));
  if (!ofVariational) return params;
  const isIgnored = String(architecture).startsWith("CVAE") &&
    loss !== "VAEContinuousBernoulliLoss";
  return { ...params, recons_weight: Number(isIgnored ? 1 : recons_weight) * Number(batch_size) };
}

/** Keys of other autoencoders, which ClinicaDL always writes; defaults where the architecture is unknown. */
function unusedByAutoencoder(params: Record<string, Json>): string[] {
  const { architecture } = params;
  const keys = Object.keys(AUTOENCODER_KEYS);
  const used: readonly string[] = architecture === undefined
    ? keys.filter((key) => params[key] !== AUTOENCODER_KEYS[key])
    : parametersOfAutoencoder(String(architecture));
  return keys.filter((key) => !used.includes(key));
}

/** ClinicaDL's augmentations by TorchIO, with its ranges. */
const TORCHIO: Readonly<Record<string, Json>> = {
  Motion: { motion: { degrees: [2, 4], translation: [2, 4], num_transforms: 2 } },
  Ghosting: { ghosting: { num_ghosts: [4, 10] } },
  Spike: { spike: { num_spikes: [1, 1], intensity: [1, 3] } },
  BiasField: { bias_field: { coefficients: 0.5 } },
  RandomBlur: { blur: { std: [0, 2] } },
  RandomSwap: { swap: { patch_size: 15, num_iterations: 100 } },
};

/** Names of ClinicaDL's list: its own augmentations, and those of TorchIO as `augmentations`. */
function readAugmentation(value: Json): Record<string, Json> {
  if (value === false) return { data_augmentation: [] };
  if (!Array.isArray(value)) return { data_augmentation: value };
  const isTorchio = (name: Json) => typeof name === "string" && Object.hasOwn(TORCHIO, name);
  const transforms = value.filter(isTorchio).map((name) => TORCHIO[String(name)]);
  return {
    data_augmentation: value.filter((name) => !isTorchio(name)),
    ...(transforms.length > 0 && { augmentations: transforms }),
  };
}

/** Keys that ClinicaDL always writes, and whose values it ignores with those of the others. */
function ignoredKeys({ architecture, size_reduction }: Record<string, Json>): string[] {
  const ownDropout = architecture === "ResNet3D" || architecture === "SqueezeExcitationCNN";
  return [
    ...ownDropout ? ["dropout"] : [],
    ...size_reduction === true ? [] : ["size_reduction_factor"],
  ];
}
