/** How a MAPS describes a training: the contents of `maps.json`. */
import { DataError } from "../errors.ts";
import { isJsonObject, parseJson } from "../json.ts";
import { describeSlices, firstSlice } from "./slices.ts";

export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [key: string]: Json;
};
type JsonObject = { readonly [key: string]: Json };

const TASKS = ["classification", "regression", "reconstruction"] as const;

type Task = typeof TASKS[number];

export interface MapsDescription {
  task: Task;
  architecture: string;
  mode: string;
  multi_network: boolean;
  /** Ids of the elements of an image; of a multi-network, network k is that of `elements[k]`. */
  elements: readonly number[];
  /** [channels, height, width] or [channels, depth, height, width]; of the first where they differ. */
  input_shape: readonly number[];
  /** Of each element, where regions differ in size. */
  input_shapes?: readonly (readonly number[])[];
  output_size: number;
  label: string;
  label_code: Readonly<Record<string, number>>;
  selection_metrics: readonly string[];
  n_splits: number;
  /** What training began with: `random`, `file`, `transferred`; `unknown` where a MAPS is silent. */
  initial_weights: string;
  /** Whether every participant that the weights were fitted on is listed. */
  leakage_checkable: boolean;
  /** ClinicaDL's extraction JSON. */
  extraction: JsonObject;
  /** Every other training parameter by its name. */
  parameters: JsonObject;
}

/** ClinicaDL 1.6.1's options and their defaults, less those that training here has no use for. */
const CLINICADL_OPTIONS: JsonObject = {
  ssda_network: false,
  dropout: 0.0,
  loss: "CrossEntropyLoss",
  selection_threshold: 0.0,
  n_proc: 2,
  batch_size: 8,
  evaluation_steps: 0,
  fully_sharded_data_parallel: false,
  amp: false,
  seed: 0,
  deterministic: true,
  compensation: "memory",
  track_exp: "",
  transfer_path: "",
  transfer_selection_metric: "loss",
  nb_unfrozen_layer: 0,
  use_extracted_features: false,
  multi_cohort: false,
  diagnoses: ["AD", "CN"],
  baseline: false,
  valid_longitudinal: false,
  normalize: true,
  data_augmentation: false,
  sampler: "random",
  size_reduction: false,
  size_reduction_factor: 2,
  caps_target: "",
  tsv_target_lab: "",
  tsv_target_unlab: "",
  preprocessing_dict_target: "",
  split: [],
  optimizer: "Adam",
  epochs: 20,
  learning_rate: 1e-4,
  adaptive_learning_rate: false,
  weight_decay: 1e-4,
  patience: 0,
  tolerance: 0.0,
  accumulation_steps: 1,
  profiler: false,
  save_all_models: false,
  emissions_calculator: false,
};

/** The same of reconstructions alone. */
const AUTOENCODER_OPTIONS: JsonObject = {
  latent_space_size: 128,
  feature_size: 1024,
  n_conv: 4,
  io_layer_channels: 8,
  recons_weight: 1,
  kl_weight: 1,
  normalization: "batch",
};

/**
 * The text of `maps.json`. `gpu` is false, so that ClinicaDL runs the network where there is no CUDA.
 * ClinicaDL ignores `elements`, `extraction`, `input_shapes` and `group_label`, which keep what its own
 * keys can't.
 *
 * @param capsDirectory where ClinicaDL finds the images when it predicts a group again; may be empty
 * @param diagnoses of the participants where they are known: ClinicaDL predicts no others by default
 */
export function writeMapsJson(
  description: MapsDescription,
  capsDirectory: string,
  diagnoses?: readonly string[],
): string {
  const { task, architecture, label, label_code, parameters } = description;
  const { data_augmentation } = parameters;
  const isReconstruction = task === "reconstruction";
  const maps: JsonObject = {
    ...CLINICADL_OPTIONS,
    ...(isReconstruction && AUTOENCODER_OPTIONS),
    ...parameters,
    ...(isReconstruction && weightOfBatch(parameters)),
    data_augmentation: Array.isArray(data_augmentation) && data_augmentation.length === 0
      ? false
      : data_augmentation ?? false,
    size_reduction_factor: parameters.size_reduction_factor ??
      CLINICADL_OPTIONS.size_reduction_factor,
    ...(writesClinicadlHead(description) && { head: "clinicadl" }),
    diagnoses: parameters.diagnoses ?? diagnoses ?? CLINICADL_OPTIONS.diagnoses,
    gpu: false,
    network_task: task,
    architecture,
    multi_network: description.multi_network,
    caps_directory: capsDirectory,
    tsv_path: "",
    preprocessing_dict: describeSlices(description.extraction, description.elements),
    extraction: description.extraction,
    elements: description.elements,
    mode: description.mode,
    n_splits: description.n_splits,
    validation: description.n_splits > 1 ? "KFoldSplit" : "SingleSplit",
    num_networks: description.elements.length,
    input_size: description.input_shape,
    ...(description.input_shapes && { input_shapes: description.input_shapes }),
    output_size: isReconstruction ? description.input_shape : description.output_size,
    selection_metrics: description.selection_metrics,
    initial_weights: description.initial_weights,
    leakage_checkable: description.leakage_checkable,
    label: isReconstruction ? null : label,
    label_code: task === "classification" ? label_code : null,
    ...(isReconstruction && { group_label: label }),
  };
  return JSON.stringify(maps, null, 4) + "\n";
}

/** ClinicaDL sums a reconstruction's term over the batch; here it is a mean. */
function weightOfBatch({ recons_weight, batch_size }: JsonObject): JsonObject {
  if (typeof recons_weight !== "number" || typeof batch_size !== "number") return {};
  return { recons_weight: recons_weight / batch_size };
}

/** The inverse, of what {@link readMapsJson} read. */
function weightOfSamples({ recons_weight, batch_size }: JsonObject): JsonObject {
  if (typeof recons_weight !== "number" || typeof batch_size !== "number") return {};
  return { recons_weight: recons_weight * batch_size };
}

/** Whether `weightsParts` writes ClinicaDL's two layers in place of a plain one. */
function writesClinicadlHead({ architecture, input_shape }: MapsDescription): boolean {
  return architecture === "resnet18" && input_shape.length === 3;
}

/** Names of older ClinicaDL versions. */
const FORMER_NAMES: Readonly<Record<string, string>> = {
  model: "architecture",
  multi: "multi_network",
  minmaxnormalization: "normalize",
  num_workers: "n_proc",
};

/** Options of the extraction, which were top-level keys before there was `preprocessing_dict`. */
const EXTRACTION_OPTIONS = [
  "preprocessing",
  "use_uncropped_image",
  "prepare_dl",
  "custom_suffix",
  "tracer",
  "suvr_reference_region",
  "patch_size",
  "stride_size",
  "slice_direction",
  "slice_mode",
  "discarded_slices",
  "num_slices",
  "roi_list",
  "uncropped_roi",
  "roi_custom_template",
  "roi_custom_mask_pattern",
];

/** Keys of `maps.json` that have a place of their own in {@link MapsDescription}. */
const DESCRIBED = new Set([
  "network_task",
  "architecture",
  "mode",
  "multi_network",
  "num_networks",
  "input_size",
  "input_shapes",
  "output_size",
  "label",
  "label_code",
  "group_label",
  "selection_metrics",
  "n_splits",
  "initial_weights",
  "leakage_checkable",
  "preprocessing_dict",
  "extraction",
  "elements",
]);

/**
 * Reads `maps.json` of ClinicaDL 1.x or of ours.
 *
 * @throws {DataError} when it is no JSON object, or lacks what a prediction needs
 */
export function readMapsJson(text: string, subject: string): MapsDescription {
  const maps = parseObject(text, subject);
  for (const [former, name] of Object.entries(FORMER_NAMES)) {
    if (former in maps && !(name in maps)) maps[name] = maps[former];
    delete maps[former];
  }
  const check = <T extends Json>(
    name: string,
    is: (value: Json) => value is T,
    what: string,
  ): T => {
    const value = maps[name];
    if (value === undefined) throw new DataError(subject, `lacks "${name}"`);
    if (!is(value)) throw new DataError(subject, `"${name}" is not ${what}`);
    return value;
  };
  const named = check("network_task", isText, "text");
  const task = TASKS.find((task) => task === named);
  if (task === undefined) {
    throw new DataError(subject, `was trained for ${named}, which can't be run here`);
  }
  const mode = check("mode", isText, "text");
  const count = check("num_networks", isNumber, "a number");
  const elements = maps.elements === undefined
    ? undefined
    : check("elements", isNumbers, "a list of numbers");
  if (elements !== undefined && elements.length !== count) {
    throw new DataError(subject, `"elements" lists ${elements.length}, "num_networks" is ${count}`);
  }
  const preprocessing = { mode, ...readExtraction(maps, subject) };
  const extraction = maps.extraction === undefined
    ? preprocessing
    : check("extraction", isObject, "an object");
  const labelCode = maps.label_code ?? {};
  const metrics = maps.selection_metrics ?? ["loss"];
  return {
    task,
    architecture: check("architecture", isText, "text"),
    mode,
    multi_network: maps.multi_network === true,
    elements: elements ?? elementIds(preprocessing, count),
    input_shape: check("input_size", isNumbers, "a list of numbers"),
    ...(maps.input_shapes !== undefined && {
      input_shapes: check("input_shapes", isShapes, "a list of lists of numbers"),
    }),
    output_size: task === "reconstruction" ? 0 : check("output_size", isNumber, "a number"),
    label: [maps.label, maps.group_label].find((name) => isText(name ?? null)) as
      | string
      | undefined ?? "diagnosis",
    label_code: isObject(labelCode)
      ? Object.fromEntries(Object.entries(labelCode).map(([name, node]) => [name, Number(node)]))
      : {},
    selection_metrics: Array.isArray(metrics) ? metrics.map(String) : ["loss"],
    n_splits: typeof maps.n_splits === "number" ? maps.n_splits : 0,
    initial_weights: isText(maps.initial_weights) ? maps.initial_weights : "unknown",
    leakage_checkable: maps.leakage_checkable !== false,
    extraction,
    parameters: {
      ...Object.fromEntries(
        Object.entries(maps).filter(([name]) =>
          !DESCRIBED.has(name) && !/(directory|dir|path|tsv)$/.test(name)
        ),
      ),
      ...(task === "reconstruction" && weightOfSamples(maps)),
    },
  };
}

function parseObject(text: string, subject: string): Record<string, Json> {
  const value = parseJson(text, subject);
  if (!isJsonObject(value)) throw new DataError(subject, "is not a JSON object");
  return value as Record<string, Json>;
}

function readExtraction(maps: Record<string, Json>, subject: string): JsonObject {
  const { preprocessing_dict } = maps;
  if (preprocessing_dict !== undefined) {
    if (!isObject(preprocessing_dict)) {
      throw new DataError(subject, '"preprocessing_dict" is not an object');
    }
    return preprocessing_dict;
  }
  const extraction: Record<string, Json> = {};
  for (const name of EXTRACTION_OPTIONS) {
    if (name in maps) extraction[name] = maps[name];
    delete maps[name];
  }
  return extraction;
}

/** Absolute ids of slices start after the discarded ones; those of patches and regions start at 0. */
function elementIds(extraction: JsonObject, count: number): number[] {
  const first = extraction.mode === "slice" ? firstSlice(extraction) : 0;
  return Array.from({ length: count }, (_, k) => first + k);
}

function isText(value: Json): value is string {
  return typeof value === "string";
}

function isNumber(value: Json): value is number {
  return typeof value === "number";
}

function isNumbers(value: Json): value is number[] {
  return Array.isArray(value) && value.every(isNumber);
}

function isShapes(value: Json): value is number[][] {
  return Array.isArray(value) && value.every(isNumbers);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
