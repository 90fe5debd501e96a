/**
 * The artifact type `images`: tensors cut from the images of a data set, one file a session. Here are
 * its reader and the join with tables; `images_output.ts` is its writer.
 */
import { DataError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { type Cell, columnIndices, readTsv, writeTsv } from "../formats/tsv.ts";
import type { ExtractionJson, Mode } from "../imaging/datasets/extraction_json.ts";
import { participantId, sessionId, sessionKey, SINGLE_COHORT } from "../tables/identity.ts";
import { nameSome } from "../tables/session_table.ts";
import type { Artifact, PreflightInput } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";
import { areVaried, commonShape, type ElementShapes, shapesOf } from "./element_shapes.ts";

export interface ImagesMeta extends ElementShapes {
  mode: Mode;
  /** Ids in order; for slices the absolute slice indices. */
  elements: readonly number[];
  extraction: ExtractionJson;
  /** Regions: names of the mask files. */
  mask_files?: readonly string[];
}

/** One row a session: {@link IndexedImage}. */
export const INDEX_FILE = "index.tsv";

export function imagesMeta(images: Artifact): ImagesMeta {
  return images.meta as unknown as ImagesMeta;
}

/** File of a session's tensors. */
export function tensorsPath(participant: string, session: string): string {
  return `${participant}/${session}.safetensors`;
}

/** A session's tensors. */
export interface IndexedImage {
  participant: string;
  session: string;
  /** Digest of the image that the elements were cut from. */
  sourceDigest: string;
  /** File of the artifact. */
  path: string;
  /** File name of the image without its extension. */
  stem: string;
  cohort: string;
}

const INDEX_COLUMNS = ["participant_id", "session_id", "source_digest", "path"] as const;
/** Columns that a step of one's own may leave out. */
const FURTHER_COLUMNS = ["stem", "cohort"];

/** @throws {DataError} when the index is damaged */
export async function readIndex(images: Artifact): Promise<IndexedImage[]> {
  const subject = `${INDEX_FILE} of the extracted images`;
  const table = readTsv(await images.readText(INDEX_FILE), subject);
  const at = columnIndices(table, INDEX_COLUMNS, subject);
  const [stemAt, cohortAt] = FURTHER_COLUMNS.map((name) => table.columns.indexOf(name));
  return table.rows.map((row) => ({
    participant: row[at.participant_id] ?? "",
    session: row[at.session_id] ?? "",
    sourceDigest: row[at.source_digest] ?? "",
    path: row[at.path] ?? "",
    stem: row[stemAt] ?? "",
    cohort: row[cohortAt] ?? SINGLE_COHORT,
  }));
}

/**
 * `index.tsv`.
 *
 * @param elements ids of each image's elements, where images have slices of their own
 */
export function writeIndex(
  images: readonly IndexedImage[],
  elements?: readonly (readonly number[])[],
): string {
  return writeTsv(
    [...INDEX_COLUMNS, ...FURTHER_COLUMNS, ...(elements ? ["elements"] : [])],
    images.map(({ participant, session, sourceDigest, path, stem, cohort }, i) => [
      participant,
      session,
      sourceDigest,
      path,
      stem,
      cohort,
      ...(elements ? [elements[i].join(",")] : []),
    ]),
  );
}

/** One session of a table. */
export interface Session {
  participant: string;
  session: string;
  /** The row's cells by column. */
  row: Readonly<Record<string, Cell>>;
}

/** One session of a table, joined with its image. */
export interface Sample extends Session {
  cohort: string;
  /** Digest of the image that the elements were cut from. */
  sourceDigest: string;
  /** Digest of the elements' voxels; absent where they were not compared, or are all equal. */
  tensorDigest?: string;
  /** File of the images artifact. */
  path: string;
}

/** An images artifact, indexed. */
export interface ImageSet {
  artifact: Artifact;
  mode: string;
  /** Ids in order; for slices the absolute slice indices. */
  elements: readonly number[];
  /** [C, H, W] or [C, D, H, W] of each; stored tensors have one channel. */
  elementShapes: readonly (readonly number[])[];
  /** The shape that all elements have. @throws {DataError} where they differ */
  readonly elementShape: readonly number[];
  /** By `sessionKey` without the cohort: a data set has no session of one name in two cohorts. */
  index: ReadonlyMap<string, Pick<IndexedImage, "sourceDigest" | "path" | "cohort">>;
}

/** What is known of images before they are cut, and of those that are. A type alias, so that it is JSON. */
export type ImagesDescription = {
  mode: Mode;
  /** How many, and elements of each. Absent where unknown, as the following. */
  images?: number;
  elements?: number;
  /** [C, H, W] or [C, D, H, W] of every element. */
  element_shape?: readonly number[];
  /** Of each element, where they differ. */
  element_shapes?: readonly (readonly number[])[];
  /** Names of regions, in the order of the elements. */
  regions?: readonly string[];
  /** `sessionKey` and cohort of every image; absent where they are not known. */
  sessions?: [key: string, cohort: string][];
};

/** @throws {DataError} when the artifact's index is damaged */
export async function describeImages(images: PreflightInput): Promise<ImagesDescription> {
  if ("declared" in images) return images.declared as ImagesDescription;
  return describeImageSet(await openImages(images));
}

export function describeImageSet({ artifact, index }: ImageSet): ImagesDescription {
  const { mode, elements, element_shape, element_shapes, extraction } = imagesMeta(artifact);
  return {
    mode,
    images: index.size,
    elements: elements.length,
    ...(element_shape && { element_shape }),
    ...(element_shapes && { element_shapes }),
    ...(extraction.roi_list && { regions: extraction.roi_list }),
    sessions: [...index].map(([key, { cohort }]) => [key, cohort]),
  };
}

/** @throws {DataError} when the artifact's index is damaged */
export async function openImages(artifact: Artifact): Promise<ImageSet> {
  const rows = await readIndex(artifact);
  const meta = imagesMeta(artifact);
  const { mode, elements } = meta;
  const index = new Map(rows.map(({ participant, session, sourceDigest, path, cohort }) => [
    sessionKey(participant, session),
    { sourceDigest, path, cohort },
  ]));
  const elementShapes = shapesOf(meta);
  return {
    artifact,
    mode,
    elements,
    elementShapes,
    get elementShape() {
      return commonShape(elementShapes, meta.extraction.roi_list);
    },
    index,
  };
}

/**
 * The rows of a table.
 *
 * @param diagnoses rows with another diagnosis are left out; undefined keeps all
 * @throws {DataError} on an empty table
 */
export function readSessions(
  text: string,
  subject: string,
  diagnoses?: readonly string[],
): Session[] {
  const table = readTsv(text, subject);
  const at = columnIndices(table, ["participant_id", "session_id"], subject);
  let rows = table.rows;
  if (diagnoses) {
    const { diagnosis } = columnIndices(table, ["diagnosis"], subject);
    rows = rows.filter((cells) => diagnoses.includes(cells[diagnosis] ?? ""));
  }
  if (rows.length === 0) throw new DataError(subject, "no session is left to work on");
  return rows.map((cells) => ({
    participant: participantId(cells[at.participant_id] ?? ""),
    session: sessionId(cells[at.session_id] ?? ""),
    row: Object.fromEntries(table.columns.map((column, i) => [column, cells[i]])),
  }));
}

export interface JoinOptions {
  /** Rows with another diagnosis are left out; undefined keeps all. */
  diagnoses?: readonly string[];
  /** Whether a session without an image is an error; otherwise it is left out with a warning. */
  requireImages?: boolean;
  warn?(message: string): void;
}

/**
 * The rows of a table joined with their images, see {@link readSessions}.
 *
 * @throws {DataError} naming every session without an image where images are required, or when none
 *   has one; on an empty table, and on participants of several cohorts in a table without cohorts
 */
export function joinSamples(
  text: string,
  subject: string,
  images: ImageSet,
  { diagnoses, requireImages = false, warn }: JoinOptions = {},
): Sample[] {
  const missing: string[] = [];
  const samples: Sample[] = [];
  const sessions = readSessions(text, subject, diagnoses);
  refuseUnknownCohorts(sessions, subject, images);
  for (const { participant, session, row } of sessions) {
    const image = images.index.get(sessionKey(participant, session));
    if (image && !isOfOtherCohort(row, image.cohort)) {
      samples.push({ participant, session, ...image, row });
    } else missing.push(`${participant} ${session}`);
  }
  if (missing.length === 0) return samples;
  const names = nameSome(missing, 20);
  if (requireImages || samples.length === 0) {
    throw new DataError(
      subject,
      `no extracted image for ${names}; extract these sessions or leave them out of the labels`,
    );
  }
  warn?.(
    `${subject}: ${missing.length} of ${missing.length + samples.length} sessions have no ` +
      `extracted image and are left out: ${names}`,
  );
  return samples;
}

function isOfOtherCohort(row: Session["row"], cohort: string): boolean {
  return Boolean(row.cohort) && cohort !== SINGLE_COHORT && cohort !== row.cohort;
}

/** How many sessions have an image; all, where the sessions of the images are not known. */
export function countImages(
  sessions: readonly Session[],
  images: Pick<ImagesDescription, "sessions">,
): number {
  if (!images.sessions) return sessions.length;
  const cohorts = new Map(images.sessions);
  return sessions.filter(({ participant, session, row }) => {
    const cohort = cohorts.get(sessionKey(participant, session));
    return cohort !== undefined && !isOfOtherCohort(row, cohort);
  }).length;
}

/** An id that two cohorts share is two people; a table without cohorts can not distinguish them. */
function refuseUnknownCohorts(
  sessions: readonly Session[],
  subject: string,
  { index }: ImageSet,
): void {
  const cohorts = new Map<string, Set<string>>();
  for (const [key, { cohort }] of index) {
    const participant = key.split("\t")[0];
    cohorts.set(participant, (cohorts.get(participant) ?? new Set()).add(cohort));
  }
  const unknown = sessions.filter(({ participant, row }) =>
    !row.cohort && (cohorts.get(participant)?.size ?? 0) > 1
  );
  if (unknown.length === 0) return;
  const [{ participant }] = unknown;
  throw new DataError(
    subject,
    `${participant} is in the cohorts ${[...cohorts.get(participant)!].join(" and ")}, and the ` +
      "table has no column cohort; labels.get with in.caps writes one",
  );
}

/**
 * The elements of one sample: of each its float32 values, [1, H, W] or [1, D, H, W], all finite, as
 * extraction promises.
 *
 * @throws {DataError} when their shapes are not those of the other images
 */
export async function readElements(images: ImageSet, sample: Sample): Promise<Float32Array[]> {
  const file = readSafetensors(await images.artifact.read(sample.path), sample.path);
  const { shape, data } = file.tensor("data");
  const extents = images.elementShapes.map((shape) => shape.slice(1));
  const found = shapeText(
    shape,
    file.entries.has("shapes") ? file.tensor("shapes").data : undefined,
  );
  const expected = areVaried(extents)
    ? shapeText([count(extents)], extents.flat())
    : shapeText([extents.length, 1, ...extents[0]]);
  if (found !== expected) {
    throw new DataError(
      `${sample.participant} ${sample.session}`,
      `its elements have shape ${found}, those of the others ${expected}; resample the images to ` +
        "one grid when extracting",
    );
  }
  if (!(data instanceof Float32Array)) {
    throw new DataError(`${sample.participant} ${sample.session}`, "its elements are not float32");
  }
  let end = 0;
  return extents.map((extent) => data.subarray(end, end += count([extent])));
}

function count(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

function shapeText(shape: readonly number[], parts?: ArrayLike<number | bigint>): string {
  const text = shape.join(" x ");
  return parts === undefined ? text : `${text} (${Array.from(parts).join(", ")})`;
}

const TENSORS = tensorsPath("sub-X", "ses-Y");

export const imagesType: ArtifactType = {
  type: "images",
  privacy: (path) => path === INDEX_FILE ? "participants" : "images",
  files: [
    [
      INDEX_FILE,
      "one row a session: `participant_id`, `session_id`, `source_digest`, `path`, `stem`, " +
      "`cohort`; `elements` where each image has slices of its own",
    ],
    [TENSORS, "one file a session; its tensors follow"],
    [
      `${TENSORS}: data`,
      "float32, finite: [elements, 1, H, W] of slices, [elements, 1, D, H, W] otherwise; rgb is " +
      "replicated when loaded, never stored; [voxels] of regions that differ in size, one after another",
    ],
    [`${TENSORS}: shapes`, "int32 [elements, 3], D, H, W of regions that differ in size"],
    [`${TENSORS}: elements`, "int32, their ids in the volume"],
    [
      `${TENSORS}: affine`,
      "float64 [4, 4] of the grid that was cut (of the tensor itself in mode `image`)",
    ],
    [`${TENSORS}: grid`, "int32 [3], its voxels; absent, as `affine`, where the volume is unknown"],
    [`${TENSORS}: origins`, "int32 [elements, 3] of regions, the first voxel of each in the grid"],
  ],
  meta: describeMeta<ImagesMeta>({
    mode: "`slice`, `patch`, `roi` or `image`",
    elements: "ids in order; for slices the absolute slice indices",
    element_shape: "[C, H, W] or [C, D, H, W] of every element; absent where they differ",
    element_shapes: "of each element, where they differ, as regions may",
    extraction: "ClinicaDL's extract JSON",
    mask_files: "regions: names of the masks",
  }),
};
