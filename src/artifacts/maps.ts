/** `maps` artifacts: a MAPS tree for ClinicaDL, whose weights stay safetensors until it is published. */
import type { Artifact } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";

export type MapsMeta = {
  splits: readonly number[];
  architecture: string;
};

const STORED = ".safetensors";
const PUBLISHED = ".pth.tar";

export function mapsMeta({ meta }: Pick<Artifact, "meta">): MapsMeta {
  return meta as MapsMeta;
}

/** Where the artifact keeps, as safetensors, what is published as a PyTorch checkpoint. */
export function storedWeightsPath(published: string): string {
  return published.slice(0, -PUBLISHED.length) + STORED;
}

/** Undefined for a file that is published as it is. */
export function publishedWeightsPath(stored: string): string | undefined {
  return stored.endsWith(STORED) ? stored.slice(0, -STORED.length) + PUBLISHED : undefined;
}

/** Weights, curves, metrics and versions; descriptions of data groups name the folder of the images. */
const OPEN_FILES = new RegExp(
  "^(split-\\d+/((best-[^/]+|all_models)/[^/]*model[^/]*\\.safetensors|training_logs/.+|" +
    ".+_metrics\\.tsv)|environment\\.txt|information\\.log)$",
);

export const mapsType: ArtifactType = {
  type: "maps",
  privacy: (path) => {
    if (OPEN_FILES.test(path)) return "open";
    return /\.(safetensors|pt|nii|nii\.gz|png)$/.test(path) ? "images" : "participants";
  },
  files: [
    [
      `split-<i>/…/model${STORED}`,
      `weights; \`model${PUBLISHED}\` of the same path when published`,
    ],
    [
      "image_digests.tsv",
      "one row a session that weights depend on: `participant_id`, `session_id`, `source_digest` and " +
      "`tensor_digest` as in `participants.tsv` of a model; ClinicaDL does not read it",
    ],
    ["…", "every other file of the MAPS, as published"],
  ],
  meta: describeMeta<MapsMeta>({
    splits: "whose networks it holds",
    architecture: "of the networks",
  }),
};
