/**
 * The artifact type `caps`: the images of a data set, and what is known of its sessions. Image files
 * keep their paths of the CAPS or BIDS folder, below a folder of each cohort if there are several.
 */
import { DataError } from "../errors.ts";
import { columnIndices, readTsv, type Writable, writeTsv } from "../formats/tsv.ts";
import type { Geometry, ImageType } from "../imaging/datasets/dataset.ts";
import { sessionKey, SINGLE_COHORT } from "../tables/identity.ts";
import type { Artifact, Blob, Json, PreflightInput, StepOutput } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";

export interface CapsMeta extends ImageType {
  /** `caps`, `bids` or the name of the step that made the images. */
  source: string;
}

/** An image of a data set; the blob is its file. */
export interface CapsImage extends Blob, Partial<Geometry> {
  participant: string;
  session: string;
  /** File of the artifact. */
  path: string;
  cohort: string;
}

/** One row an image: {@link CapsImage}. */
export const IMAGES_FILE = "images.tsv";

/** One row a session: identifiers, then BIDS's columns. */
export const SESSIONS_FILE = "participants.tsv";

const COLUMNS = ["participant_id", "session_id", "path", "digest", "cohort"] as const;

/** Further columns of images whose headers were read; the last only where an image has it. */
const GEOMETRY_COLUMNS = ["shape", "orientation", "spacing", "affine", "frame_durations"] as const;

export function capsMeta(caps: Artifact): CapsMeta {
  return caps.meta as unknown as CapsMeta;
}

export interface CapsDataset {
  images: readonly CapsImage[];
  /** `participants.tsv`. */
  sessions: { columns: readonly string[]; rows: readonly (readonly Writable[])[] };
  /** Further files, such as masks and transforms. */
  extras?: StepOutput["files"];
}

export function capsOutput(
  meta: CapsMeta,
  { images, sessions, extras }: CapsDataset,
): StepOutput {
  const known = images.some(({ shape }) => shape !== undefined);
  const timed = images.some(({ frame_durations }) => frame_durations !== undefined);
  const columns = GEOMETRY_COLUMNS.slice(0, known ? timed ? undefined : -1 : 0);
  return {
    meta: meta as unknown as Record<string, Json>,
    files: {
      ...extras,
      ...Object.fromEntries(images.map(({ path, digest, size }) => [path, { digest, size }])),
      [IMAGES_FILE]: writeTsv(
        [...COLUMNS, ...columns],
        images.map(({ participant, session, path, digest, cohort, ...geometry }) => [
          participant,
          session,
          path,
          digest,
          cohort,
          ...formatGeometry(geometry).slice(0, columns.length),
        ]),
      ),
      [SESSIONS_FILE]: writeTsv(sessions.columns, sessions.rows),
    },
  };
}

/** @throws {DataError} when `images.tsv` is damaged, or names a file that is not there */
export async function listImages(caps: Artifact): Promise<CapsImage[]> {
  const subject = `${IMAGES_FILE} of the data set`;
  const table = readTsv(await caps.readText(IMAGES_FILE), subject);
  const at = columnIndices(table, COLUMNS, subject);
  const geometryAt = GEOMETRY_COLUMNS.map((column) => table.columns.indexOf(column));
  const files = new Map(caps.files.map((file) => [file.path, file]));
  return table.rows.map((row) => {
    const path = row[at.path]!;
    const file = files.get(path);
    if (file === undefined) throw new DataError(path, "is not among the data set's files");
    return {
      participant: row[at.participant_id]!,
      session: row[at.session_id]!,
      path,
      digest: file.digest,
      size: file.size,
      cohort: row[at.cohort] ?? SINGLE_COHORT,
      ...parseGeometry(geometryAt.map((index) => row[index] ?? null)),
    };
  });
}

/** What is known of a data set before it exists, and of one that does. A type alias, so that it is JSON. */
export type DatasetDescription = {
  /** How many. */
  images: number;
  /** Voxels along the axes of the first image, and where these point; absent where unknown. */
  shape?: number[];
  orientation?: string;
  /** `sessionKey` and cohort of every image; absent where they are not known. */
  sessions?: [key: string, cohort: string][];
};

/** @throws {DataError} when the data set is damaged */
export async function describeDataset(caps: PreflightInput): Promise<DatasetDescription> {
  if ("declared" in caps) return caps.declared as DatasetDescription;
  const images = await listImages(caps);
  const [first] = images;
  const sessions = images.map(({ participant, session, cohort }): [string, string] => [
    sessionKey(participant, session),
    cohort,
  ]);
  return { images: images.length, ...first && await describeImage(caps, first), sessions };
}

/** Generated images are listed without their shapes, which their headers have. */
async function describeImage(
  caps: Artifact,
  { path, shape, orientation }: CapsImage,
): Promise<Pick<DatasetDescription, "shape" | "orientation">> {
  if (shape) return { shape: shape.slice(0, 3), ...(orientation && { orientation }) };
  const { readHeader } = await import("../imaging/nifti/nifti.ts");
  const { orientationOf } = await import("../imaging/nifti/orientation.ts");
  const header = readHeader(await caps.read(path), path);
  const direction = orientationOf(header.affine);
  return { shape: header.shape.slice(0, 3), ...(direction && { orientation: direction }) };
}

/**
 * Such as `169x208x179`, `RAS`, `1x1x1`, the twelve numbers of the affine's first three rows, and
 * seconds.
 */
function formatGeometry(
  { shape, orientation, spacing, affine, frame_durations }: Partial<Geometry>,
): (string | undefined)[] {
  return [
    shape?.join("x"),
    orientation,
    spacing?.join("x"),
    affine?.slice(0, 12).join(" "),
    frame_durations?.join(" "),
  ];
}

function parseGeometry(
  [shape, orientation, spacing, affine, durations]: readonly (string | null)[],
): Partial<Geometry> {
  const numbers = (text: string, separator: string) => text.split(separator).map(Number);
  return {
    ...(shape && { shape: numbers(shape, "x") }),
    ...(orientation && { orientation }),
    ...(spacing && { spacing: numbers(spacing, "x") }),
    ...(affine && { affine: [...numbers(affine, " "), 0, 0, 0, 1] }),
    ...(durations && { frame_durations: numbers(durations, " ") }),
  };
}

export const capsType: ArtifactType = {
  type: "caps",
  privacy: (path) => path.endsWith(".tsv") ? "participants" : "images",
  files: [
    [
      "<path in the CAPS or BIDS folder>",
      "every image, in the store when generated, outside it when opened; of several cohorts below " +
      "a folder of each",
    ],
    [
      IMAGES_FILE,
      "one row an image: `participant_id`, `session_id`, `path`, `digest`, `cohort`; of images " +
      "that were opened also `shape` (voxels along each axis, `169x208x179`), `orientation` (where the " +
      "axes point, `RAS`; n/a where the affine is singular), `spacing` (voxel sizes in mm, `1x1x1`), " +
      "`affine` (its first three rows) and, where they weigh a mean of volumes, `frame_durations` (s)",
    ],
    [SESSIONS_FILE, "one row a session, BIDS columns: age, sex, diagnosis, ..."],
    ["masks/", "where the CAPS has them"],
    [
      "<path of an image>.json, <…>_affine.mat",
      "of registered images: what made them, and the transform as ANTs writes it",
    ],
  ],
  meta: describeMeta<CapsMeta>({
    source: "`caps`, `bids` or the step that made the images",
    preprocessing: "pipeline that made the images; the modality of raw ones",
    use_uncropped_image: "whether they have the template's full grid; null where that is unknown",
    tracer: "PET: tracer; null or absent where it does not apply, as in the fields below",
    reconstruction: "PET: reconstruction, of raw images",
    suvr_reference_region: "PET: reference region of the uptake ratio",
    custom_suffix: "end of the file names of custom images",
    entities: "BIDS entities that were asked for; absent when none was",
    frame: "volume of images of several, its index or `mean`; absent when none was asked for",
  }),
};
