/** `attribution` artifacts: maps of single images and their means, as tensors and as pictures. */
import { DataError } from "../errors.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { Tensor } from "../formats/tensor.ts";
import type { Artifact, Blob } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";
import type { ImageSet, Sample } from "./images.ts";
import { PARTICIPANTS_FILE, participantsDescription } from "./participants_table.ts";
import type { AppliedMeta } from "./predictions.ts";

export type AttributionMeta = AppliedMeta & {
  method: "gradients" | "grad-cam";
  target_node: number;
  level?: string;
  elements: readonly number[];
  extraction: { readonly slice_direction?: 0 | 1 | 2 };
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

/** Where the slices of an image lie; `grid` and `affine` are absent where its volume is unknown. */
export interface Geometry {
  /** Index of each slice in its volume. */
  elements: Int32Array<ArrayBuffer>;
  affine?: Float64Array<ArrayBuffer>;
  /** Voxels of the volume. */
  grid?: Int32Array<ArrayBuffer>;
}

export interface AttributionMaps extends Geometry {
  /** [elements, height, width] */
  shape: readonly number[];
  maps: Float32Array<ArrayBuffer>;
}

/** @throws {DataError} when the extracted tensors are damaged */
export async function readGeometry(images: ImageSet, sample: Sample): Promise<Geometry> {
  return parseGeometry(await images.artifact.read(sample.path), sample.path);
}

function parseGeometry(bytes: Uint8Array<ArrayBuffer>, subject: string): Geometry {
  const file = readSafetensors(bytes, subject);
  const optional = (name: string) => file.entries.has(name) ? file.tensor(name).data : undefined;
  const [elements, affine, grid] = ["elements", "affine", "grid"].map(optional);
  if (!(elements instanceof Int32Array)) throw new DataError(subject, "has no int32 elements");
  return {
    elements,
    ...(affine instanceof Float64Array && grid instanceof Int32Array && { affine, grid }),
  };
}

/** Whether two images have one grid, to a ten-thousandth of a voxel. */
export function sameGeometry(a: Geometry, b: Geometry): boolean {
  const { affine, grid } = b;
  return a.elements.join() === b.elements.join() && a.grid?.join() === grid?.join() &&
    (a.affine ?? []).every((value, i) => Math.abs(value - affine![i]) < 1e-4);
}

export function writeMaps(
  { shape, maps, elements, affine, grid }: AttributionMaps,
): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, Tensor> = {
    maps: { dtype: "float32", shape, data: maps },
    elements: { dtype: "int32", shape: [elements.length], data: elements },
  };
  if (affine && grid) {
    tensors.affine = { dtype: "float64", shape: [4, 4], data: affine };
    tensors.grid = { dtype: "int32", shape: [3], data: grid };
  }
  return writeSafetensors(tensors);
}

/** @throws {DataError} when the file is damaged */
export async function readMaps(
  artifact: Pick<Artifact, "read">,
  stem: string,
): Promise<AttributionMaps> {
  const path = mapsPath(stem);
  const bytes = await artifact.read(path);
  const { shape, data } = readSafetensors(bytes, path).tensor("maps");
  if (!(data instanceof Float32Array)) throw new DataError(path, "its maps are not float32");
  return { shape, maps: data, ...parseGeometry(bytes, path) };
}

const tensors =
  "`maps` float32 [elements, height, width], `elements` int32, and where all images " +
  "share them `affine` float64 [4, 4] and `grid` int32 [3]";

const METRIC = "<selection metric>";
const APPLIED = "as in `predictions`";

export const attributionType: ArtifactType = {
  type: "attribution",
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
    task: APPLIED,
    model: APPLIED,
    data_group: APPLIED,
    split: APPLIED,
    mode: APPLIED,
    multi_network: APPLIED,
    label: APPLIED,
    label_code: APPLIED,
    selection_metrics: APPLIED,
    leakage: APPLIED,
  }),
};
