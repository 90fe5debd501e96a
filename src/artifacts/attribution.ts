/** `attribution` artifacts: maps of single images and their means, as tensors and as pictures. */
import type { ExtractionJson } from "../imaging/datasets/extraction_json.ts";
import type { Artifact, Blob } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";
import type { Sample } from "./images.ts";
import {
  appliedDescriptions,
  type AppliedMeta,
  PARTICIPANTS_FILE,
  participantsDescription,
} from "./participants_table.ts";

export type AttributionMeta = AppliedMeta & {
  method: "gradients" | "grad-cam";
  target_node: number;
  level?: string;
  elements: readonly number[];
  extraction: Pick<ExtractionJson, "slice_direction">;
};

export function attributionMeta({ meta }: Pick<Artifact, "meta">): AttributionMeta {
  return meta as AttributionMeta;
}

const TENSORS = "_map.safetensors";
const PICTURE = "_map.png";

/** Stem of the files of a mean: of everyone, or of those whose true label has an output node. */
export function meanStem(selectionMetric: string, node?: number | string): string {
  return `${selectionMetric}/${node === undefined ? "" : `class-${node}/`}mean`;
}

/** Stem of the files of one image. */
export function individualStem(
  selectionMetric: string,
  { participant, session }: Pick<Sample, "participant" | "session">,
): string {
  return `${selectionMetric}/individual/${participant}_${session}`;
}

export function mapsPath(stem: string): string {
  return stem + TENSORS;
}

export function picturePath(stem: string): string {
  return stem + PICTURE;
}

/** The stem of a file of maps; undefined for other files. */
export function stemOfMaps(path: string): string | undefined {
  return path.endsWith(TENSORS) ? path.slice(0, -TENSORS.length) : undefined;
}

/** What a picture shows. */
export interface PictureSubject {
  stem: string;
  selectionMetric: string;
  /** Of the mean of a class. */
  node?: number;
  /** `sub-1_ses-M000`; absent for a mean. */
  image?: string;
}

/** Undefined for a file that is no picture of maps. */
export function parsePicturePath(path: string): PictureSubject | undefined {
  if (!path.endsWith(PICTURE)) return undefined;
  const stem = path.slice(0, -PICTURE.length);
  const match = /^([^/]+)\/(?:(?:class-(\d+)\/)?mean|individual\/(.+))$/.exec(stem);
  if (match === null) return undefined;
  const [, selectionMetric, node, image] = match;
  return { stem, selectionMetric, ...(node && { node: Number(node) }), ...(image && { image }) };
}

/** @param participants see `writeParticipants` */
export function attributionOutput(
  maps: Readonly<Record<string, Blob>>,
  participants: string,
  meta: AttributionMeta,
) {
  return { meta, files: { ...maps, [PARTICIPANTS_FILE]: participants } };
}

const tensors =
  "`maps` float32 [elements, height, width] of slices, [elements, depth, height, width] otherwise " +
  "([voxels] and `shapes` int32 [elements, 3] of regions that differ in size), `elements` int32, and " +
  "where all images share them `affine` float64 [4, 4], `grid` int32 [3] and of volumes `origins` " +
  "int32 [elements, 3], the first voxel of each in the grid";

const METRIC = "<selection metric>";

export const attributionType: ArtifactType = {
  type: "attribution",
  privacy: (path) => path === PARTICIPANTS_FILE ? "participants" : "images",
  files: [
    [mapsPath(meanStem(METRIC)), `mean of everyone: ${tensors}`],
    [mapsPath(meanStem(METRIC, "<node>")), "mean of those with one true label"],
    [
      mapsPath(individualStem(METRIC, { participant: "sub-X", session: "ses-Y" })),
      "of one image, on request",
    ],
    [picturePath("<same path>"), "a picture of each"],
    [PARTICIPANTS_FILE, participantsDescription],
  ],
  meta: describeMeta<AttributionMeta>({
    method: "`gradients` or `grad-cam`",
    target_node: "output node that is explained",
    level: "layer of Grad-CAM",
    elements: "as in `images`",
    extraction: "as in `images`",
    ...appliedDescriptions,
  }),
};
