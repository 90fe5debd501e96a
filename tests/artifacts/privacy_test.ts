/** What may leave a machine: every file that a type of artifact lists is classified. */
import { assertEquals } from "@std/assert";
import { artifactTypes, privacyOf } from "../../src/artifacts/mod.ts";
import type { Privacy } from "../../src/workflow/privacy.ts";

type Example = readonly [path: string, privacy: Privacy];

const TENSORS: Example = ["sub-01/ses-M000.safetensors", "images"];
const TABLE: Example = ["table.tsv", "participants"];
const SUBSET: Example = ["train.tsv", "participants"];

/** By type, a real path for each path that the type documents. */
const EXAMPLES: Readonly<Record<string, Readonly<Record<string, Example>>>> = {
  caps: {
    "<path in the CAPS or BIDS folder>": [
      "subjects/sub-01/ses-M000/t1_linear/sub-01_T1w.nii.gz",
      "images",
    ],
    "images.tsv": ["images.tsv", "participants"],
    "participants.tsv": ["participants.tsv", "participants"],
    "masks/": ["masks/roi_based/left.nii.gz", "images"],
    "<path of an image>.json, <…>_affine.mat": [
      "subjects/sub-01/ses-M000/sub-01_affine.mat",
      "images",
    ],
  },
  template: { "template.nii.gz": ["template.nii.gz", "images"] },
  quality: { "quality.tsv": ["quality.tsv", "participants"] },
  images: {
    "index.tsv": ["index.tsv", "participants"],
    "sub-X/ses-Y.safetensors": TENSORS,
    "sub-X/ses-Y.safetensors: data": TENSORS,
    "sub-X/ses-Y.safetensors: shapes": TENSORS,
    "sub-X/ses-Y.safetensors: elements": TENSORS,
    "sub-X/ses-Y.safetensors: affine": TENSORS,
    "sub-X/ses-Y.safetensors: grid": TENSORS,
    "sub-X/ses-Y.safetensors: origins": TENSORS,
  },
  labels: { "table.tsv": TABLE, "baseline.tsv": ["baseline.tsv", "participants"] },
  participants: { "table.tsv": TABLE, "baseline.tsv": ["baseline.tsv", "participants"] },
  split: {
    "split.json": ["split.json", "open"],
    "train.tsv": SUBSET,
    "train_baseline.tsv": ["train_baseline.tsv", "participants"],
    "<subset_name>_baseline.tsv": ["test_baseline.tsv", "participants"],
    "<subset_name>.tsv": ["test.tsv", "participants"],
  },
  folds: { "split-<i>/": ["split-0/train.tsv", "participants"] },
  fold: {
    "train.tsv": SUBSET,
    "train_baseline.tsv": ["train_baseline.tsv", "participants"],
    "validation.tsv": ["validation.tsv", "participants"],
    "validation_baseline.tsv": ["validation_baseline.tsv", "participants"],
  },
  model: {
    "best-<metric>/model.safetensors": ["best-loss/network-1.safetensors", "open"],
    "all_models/epoch-<e>.safetensors": ["all_models/epoch-3_network-0.safetensors", "open"],
    "training.tsv": ["network-0/training.tsv", "open"],
    "iterations.tsv": ["iterations.tsv", "open"],
    "participants.tsv": ["participants.tsv", "participants"],
    "best-<metric>/<group>_<level>_level_prediction.tsv": [
      "best-loss/validation_slice_level_prediction.tsv",
      "participants",
    ],
    "best-<metric>/<group>_tensors/sub-X_ses-Y_reconstruction.safetensors": [
      "best-loss/validation_tensors/sub-01_ses-M000_reconstruction.safetensors",
      "images",
    ],
  },
  predictions: {
    "<selection metric>/<level>_level_prediction.tsv": [
      "loss/image_level_prediction.tsv",
      "participants",
    ],
    "participants.tsv": ["participants.tsv", "participants"],
    "<selection metric>/latents.tsv": ["loss/latents.tsv", "participants"],
    "<selection metric>/latents.safetensors": ["loss/latents.safetensors", "images"],
    "<selection metric>/sub-X_ses-Y_reconstruction.safetensors": [
      "loss/sub-01_ses-M000_reconstruction.safetensors",
      "images",
    ],
    "<selection metric>/pictures/sub-X_ses-Y_input.png": [
      "loss/pictures/sub-01_ses-M000_input.png",
      "images",
    ],
  },
  evaluation: { "evaluation.json": ["evaluation.json", "participants"] },
  table: { "table.tsv": ["table.tsv", "open"] },
  attribution: {
    "<selection metric>/mean_map.safetensors": ["loss/mean_map.safetensors", "images"],
    "<selection metric>/class-<node>/mean_map.safetensors": [
      "loss/class-0/mean_map.safetensors",
      "images",
    ],
    "<selection metric>/individual/sub-X_ses-Y_map.safetensors": [
      "loss/individual/sub-01_ses-M000_map.safetensors",
      "images",
    ],
    "<same path>_map.png": ["loss/mean_map.png", "images"],
    "participants.tsv": ["participants.tsv", "participants"],
  },
  anomaly: {
    "scores.tsv": ["scores.tsv", "participants"],
    "auc.tsv": ["auc.tsv", "open"],
    "healthy_mean_map.safetensors": ["healthy_sd_map.safetensors", "images"],
    "individual/sub-X_ses-Y_map.safetensors": [
      "individual/sub-01_ses-M000_map.safetensors",
      "images",
    ],
    "<selection metric>/pictures/sub-X_ses-Y_input.png": [
      "loss/pictures/sub-01_ses-M000_output.png",
      "images",
    ],
    "participants.tsv": ["participants.tsv", "participants"],
  },
  maps: {
    "split-<i>/…/model.safetensors": ["split-0/best-loss/network-1_model.safetensors", "open"],
    "image_digests.tsv": ["image_digests.tsv", "participants"],
    "…": ["maps.json", "participants"],
  },
  figure: { "<name>.png": ["contact_sheet.png", "images"] },
  figures: { "<participant>_<session>.png": ["sub-01_ses-M000.png", "images"] },
};

Deno.test("every file that an artifact type documents has an example here, and is classified so", () => {
  assertEquals(artifactTypes.map(({ type }) => type).sort(), Object.keys(EXAMPLES).sort());
  for (const { type, files, privacy } of artifactTypes) {
    assertEquals(files.map(([path]) => path), Object.keys(EXAMPLES[type]), type);
    for (const [path, expected] of Object.values(EXAMPLES[type])) {
      assertEquals(privacy(path, {}), expected, `${type} ${path}`);
    }
  }
});

Deno.test("what a type does not know of stays with the persons, and so does an unknown type", () => {
  for (const type of ["model", "maps", "predictions", "quality", "fold", "labels"]) {
    assertEquals(privacyOf(type, "unheard/of.bin", {}), "participants", type);
  }
  for (const type of ["caps", "images", "attribution", "figure", "figures", "template"]) {
    assertEquals(privacyOf(type, "unheard/of.bin", {}), "images", type);
  }
  assertEquals(privacyOf("a user's", "table.tsv", {}), undefined);
});

Deno.test("an evaluation of a regression has numbers of each person, one of a classification has none", () => {
  assertEquals(privacyOf("evaluation", "evaluation.json", { task: "classification" }), "open");
  assertEquals(privacyOf("evaluation", "evaluation.json", { task: "regression" }), "participants");
});

Deno.test("a MAPS lets weights, curves, metrics and versions go; what names people or folders stays", () => {
  const open = [
    "split-0/best-loss/model.safetensors",
    "split-0/all_models/model_epoch_3.safetensors",
    "split-0/training_logs/training.tsv",
    "split-0/training_logs/tensorboard/train/events.out.tfevents",
    "split-0/best-loss/test/test_image_level_metrics.tsv",
    "environment.txt",
    "information.log",
  ];
  const held = [
    "maps.json",
    "groups/train+validation.tsv",
    "groups/test/data.tsv",
    "groups/test/maps.json",
    "split-0/best-loss/test/description.log",
    "split-0/best-loss/test/test_image_level_prediction.tsv",
  ];
  const pictures = [
    "split-0/best-loss/test/CapsDataset/sub-01_ses-M000_input.safetensors",
    "split-0/best-loss/test/CapsDataset/sub-01_ses-M000_image_output.nii.gz",
  ];
  for (const path of open) assertEquals(privacyOf("maps", path, {}), "open", path);
  for (const path of held) assertEquals(privacyOf("maps", path, {}), "participants", path);
  for (const path of pictures) assertEquals(privacyOf("maps", path, {}), "images", path);
});
