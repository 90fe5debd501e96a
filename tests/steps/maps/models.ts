/** Small models and predictions, and the MAPS that is made of them. */
import { writeSafetensors } from "../../../src/formats/safetensors.ts";
import type { Tensor } from "../../../src/formats/tensor.ts";
import maps from "../../../src/steps/maps/maps.ts";
import { publishMaps } from "../../../src/steps/maps/publish_maps.ts";
import type { Artifact, Blob, Json } from "../../../src/workflow/step.ts";
import { type MemoryStore, writtenBytes } from "../memory.ts";

export const params = { caps_directory: "CAPS", n_resamples: 20, seed: 0 };
export const PREDICTION_HEADER =
  "participant_id\tsession_id\tslice_id\ttrue_label\tpredicted_label\tproba0\tproba1\n";

/** Parameters of a "Conv5_FC3" whose values tell split and network. */
export function parameters(split: number, network: number): Map<string, Tensor> {
  const data = Float32Array.of(split, network, 0.5);
  return new Map([
    ["convolutions.1.running_var", { dtype: "float32", shape: [3], data }],
    ["fc.6.bias", { dtype: "float32", shape: [3], data }],
  ]);
}

export function predictions(
  participants: readonly string[],
  label: "0" | "n/a" = "0",
  slices: readonly number[] = [5, 6],
): string {
  const rows = participants.flatMap((participant) =>
    slices.map((slice) => `${participant}\tses-M000\t${slice}\t${label}\t0\t0.75\t0.25\n`)
  );
  return PREDICTION_HEADER + rows.join("");
}

export function votes(participants: readonly string[], label: "0" | "n/a" = "0"): string {
  return PREDICTION_HEADER +
    participants.map((participant) => `${participant}\tses-M000\t0\t${label}\t0\t0.75\t0.25\n`)
      .join("");
}

export interface Example {
  multi?: boolean;
  meta?: Record<string, Json>;
  slices?: readonly number[];
}

export function makeModel(
  store: MemoryStore,
  split: number,
  { multi = false, meta, slices }: Example = {},
) {
  const roles = [["sub-01", "train"], ["sub-02", "train"], ["sub-03", "validation"]];
  const files: Record<string, Uint8Array | string> = {
    "participants.tsv":
      "participant_id\tsession_id\tcohort\trole\tsource_digest\ttensor_digest\tdiagnosis\n" +
      roles.map(([id, role]) =>
        `${id}\tses-M000\tsingle\t${role}\tsha256-0\tsha256-${id.at(-1)}\tAD\n`
      ).join(""),
  };
  for (const network of multi ? [0, 1] : [undefined]) {
    const name = network === undefined ? "model" : `network-${network}`;
    const bytes = writeSafetensors(parameters(split, network ?? 0), { epoch: "7" });
    files[`best-loss/${name}.safetensors`] = bytes;
    files[`all_models/epoch-3${network === undefined ? "" : `_${name}`}.safetensors`] = bytes;
    files[`${network === undefined ? "" : `${name}/`}training.tsv`] =
      "epoch\titeration\tloss_train\tloss_valid\n0\t3\t0.7\t0.8\n";
  }
  for (
    const [group, ids] of [["train", ["sub-01", "sub-02"]], ["validation", ["sub-03"]]] as const
  ) {
    files[`best-loss/${group}_slice_level_prediction.tsv`] = predictions(ids, "0", slices);
    files[`best-loss/${group}_image_level_prediction.tsv`] = votes(ids);
  }
  return store.artifact("model", {
    meta: {
      task: "classification",
      architecture: "Conv5_FC3",
      mode: "slice",
      multi_network: multi,
      elements: [5, 6],
      input_shape: [1, 24, 24],
      output_size: 2,
      label: "diagnosis",
      label_code: { AD: 0, CN: 1 },
      selection_metrics: ["loss"],
      split,
      n_splits: 2,
      initial_weights: "random",
      extraction: { mode: "slice", preprocessing: "t1-linear", discarded_slices: [5, 1] },
      leakage_checkable: true,
      parameters: { loss: "CrossEntropyLoss", batch_size: 4 },
      ...meta,
    },
    files,
  });
}

export function makePredictions(
  store: MemoryStore,
  model: Artifact,
  label: "0" | "n/a" = "0",
  labelled: readonly string[] = [],
) {
  const known = (table: typeof predictions) =>
    labelled.length === 0 ? "" : table(labelled).slice(PREDICTION_HEADER.length);
  return store.artifact("predictions", {
    meta: {
      ...model.meta,
      model: model.digest,
      data_group: "test",
      voting: "soft",
      selection_threshold: 0,
    },
    files: {
      "participants.tsv":
        "participant_id\tsession_id\tcohort\tsource_digest\nsub-09\tses-M000\tsingle\tsha256-1\n",
      "loss/slice_level_prediction.tsv": predictions(["sub-09"], label) + known(predictions),
      "loss/image_level_prediction.tsv": votes(["sub-09"], label) + known(votes),
    },
  });
}

/** The tree that is published, as an artifact. */
export async function run(store: MemoryStore, models: Artifact[], predictions?: Artifact[]) {
  const inputs: Record<string, Artifact[]> = { models };
  if (predictions !== undefined) inputs.predictions = predictions;
  const outputs = await maps.run(store.context(params, inputs));
  const files: Record<string, Uint8Array | string | Blob> = {};
  await publishMaps(await store.artifact("maps", outputs.maps), {
    write: async (path, content) => {
      files[path] = await writtenBytes(content);
    },
    copy: (path, blob) => {
      files[path] = blob;
      return Promise.resolve();
    },
  });
  return await store.artifact("maps", { meta: outputs.maps.meta, files });
}

/** Writes the tree to a temporary folder while `use` runs. */
export async function onDisk(
  tree: Artifact,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const { path } of tree.files) {
      const target = `${folder}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(target, await tree.read(path));
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
