/** Opens data sets of several cohorts: one image a session, by digest, and its description. */
import { readStart } from "../../disk/read.ts";
import type { Table } from "../../formats/tsv.ts";
import { forEachConcurrently } from "../concurrent.ts";
import { describeSelection, type EntitySelection } from "./entities.ts";
import {
  findImages,
  type FoundImage,
  type Geometry,
  type ImagePattern,
  type ImageProblem,
  type Layout,
  type Search,
  type SessionKey,
  sessionName,
  throwProblems,
} from "./dataset.ts";
import { orientationOf, spacingOf } from "../nifti/orientation.ts";
import { type Frame, frameShape, readHeader } from "../nifti/nifti.ts";
import { sessionKey, SINGLE_COHORT } from "../../tables/identity.ts";
import { describeSessions } from "./description.ts";
import { type Cohort, readSessionList } from "./sessions.ts";
import { DataError } from "../../errors.ts";

/** A run of bytes by digest. */
export interface Blob {
  digest: string;
  size: number;
}

/** Access to files by digest, and to what was computed before. */
export interface FileAccess {
  /** Digest of a file through a memo. */
  external(path: string): Promise<Blob>;
  /** Runs a computation once for its key, wherever it was run before. */
  memo(
    key: { readonly [key: string]: string | readonly string[] },
    compute: () => Promise<Uint8Array>,
  ): Promise<Blob>;
  get(blob: Blob): Promise<Uint8Array>;
  log(message: string): void;
  warn(message: string): void;
  progress(update: { fraction: number; message: string }): void;
}

export interface OpenOptions {
  /** Entities that were asked for, where the layout's names have any. */
  selection?: EntitySelection;
  /** Which volume of an image of several is meant. */
  frame?: Frame;
}

/** An image by its digest. */
export interface OpenedImage extends FoundImage, Blob, Geometry {
  /** Below the data set's root, after the cohort's name if there are several. */
  path: string;
  cohort: string;
}

export interface OpenedDataset {
  images: OpenedImage[];
  /** Rows of the tables for each session. */
  sessions: Table;
  /** Files that belong to no session, such as masks. */
  extras: Record<string, Blob>;
  /** Rows of tables that match no image, and so on, for the log. */
  notes: string[];
}

/** Files that are read at a time. */
const CONCURRENCY = 8;

/**
 * @throws {DataError} listing every session whose image is missing, found several times, unreadable
 *   or no NIfTI file of one volume; or when no image is found at all
 */
export async function openDataset(
  layout: Layout,
  cohorts: readonly Cohort[],
  pattern: ImagePattern,
  access: FileAccess,
  { selection, frame }: OpenOptions = {},
): Promise<OpenedDataset> {
  const several = cohorts.length > 1 || cohorts[0].name !== SINGLE_COHORT;
  const images: OpenedImage[] = [];
  const extras: Record<string, Blob> = {};
  const columns = new Set<string>(["participant_id", "session_id"]);
  const rows: Map<string, string | null>[] = [];
  const notes: string[] = [];
  for (const { name, root, list } of cohorts) {
    layout.checkRoot(root);
    const prefix = several ? `${name}/` : "";
    const wanted = list === undefined ? undefined : readSessionList(list);
    const search = findImages(layout.sessions(root), pattern, wanted?.sessions, selection);
    logChoices(search.choices, root, access);
    const opened = await registerImages(search.images, root, access, frame);
    throwProblems([...search.problems, ...opened.problems], root);
    warnOfMissingImages(search.without, root, pattern, access);
    if (opened.images.length === 0) {
      const asked = Object.keys(selection ?? {}).length > 0
        ? ` with ${describeSelection(selection!)}`
        : "";
      const hint = layout.hint?.(root) ?? "";
      throw new DataError(
        root,
        `no ${pattern.description} found (${pattern.pattern})${asked}${hint && `; ${hint}`}`,
      );
    }
    for (const image of opened.images) {
      images.push({ ...image, path: prefix + image.path, cohort: name });
    }
    for (const path of layout.extras?.(root) ?? []) {
      extras[prefix + path] = await access.external(`${root}/${path}`);
    }
    const described = describeSessions(root, layout.subjects, opened.images, wanted);
    const { table } = described;
    notes.push(...described.notes);
    described.warnings.forEach((warning) => access.warn(warning));
    for (const row of table.rows) {
      const described = new Map(table.columns.map((column, i) => [column, row[i]]));
      rows.push(several ? described.set("cohort", name) : described);
      for (const column of described.keys()) columns.add(column);
    }
  }
  refuseSharedNames(images);
  const sessions = {
    columns: [...columns],
    rows: rows.map((row) => [...columns].map((column) => row.get(column) ?? null)),
  };
  return { images, sessions, extras, notes };
}

/** Tables know a session by its name alone. */
function refuseSharedNames(images: readonly OpenedImage[]): void {
  const groups = Map.groupBy(
    images,
    ({ participant, session }) => sessionKey(participant, session),
  );
  const problems = [...groups.values()].filter((group) => group.length > 1).map((group) => ({
    ...group[0],
    problem: `the same name in cohorts ${group.map(({ cohort }) => cohort).join(" and ")}`,
  }));
  throwProblems(problems, "the cohorts together");
}

type RegisteredImage = Omit<OpenedImage, "cohort">;

async function registerImages(
  found: readonly FoundImage[],
  root: string,
  access: FileAccess,
  frame: Frame | undefined,
): Promise<{ images: RegisteredImage[]; problems: ImageProblem[] }> {
  const problems: ImageProblem[] = [];
  const images: (FoundImage & Blob)[] = [];
  let done = 0;
  await forEachConcurrently(found, CONCURRENCY, async (image, index) => {
    try {
      images[index] = { ...image, ...await access.external(`${root}/${image.path}`) };
    } catch (error) {
      problems.push(problemOf(image, error));
    }
    done++;
    access.progress({
      fraction: done / found.length,
      message: `${done}/${found.length} images read`,
    });
  });
  const readable = images.filter((image) => image !== undefined);
  // All at once: the headers of thousands of images that were valid before are not read again.
  const digests = readable.map(({ digest }) => digest);
  const headerProblems: ImageProblem[] = [];
  const readHeaders = () => {
    const headers = readable.map((image) => {
      try {
        return readGeometry(readStart(`${root}/${image.path}`, START_BYTES), image.path, frame);
      } catch (error) {
        headerProblems.push(problemOf(image, error));
      }
    });
    throwIfAny(headerProblems);
    return Promise.resolve(new TextEncoder().encode(JSON.stringify(headers)));
  };
  let headers: ReadHeader[] = [];
  try {
    if (readable.length > 0) {
      const blob = await access.memo({ geometryOf: digests, frame: String(frame) }, readHeaders);
      headers = JSON.parse(new TextDecoder().decode(await access.get(blob)));
    }
  } catch (error) {
    if (headerProblems.length === 0) throw error;
  }
  warnOfGuesses(readable.filter((_, i) => headers[i]?.guessed), root, access);
  return {
    images: readable.map((image, i) => ({ ...image, ...headers[i]?.geometry })),
    problems: [...problems, ...headerProblems],
  };
}

/** What is read of a header. */
interface ReadHeader {
  geometry: Geometry;
  /** Whether the header states no transform. */
  guessed?: true;
}

function readGeometry(start: Uint8Array, subject: string, frame?: Frame): ReadHeader {
  const { pair, shape, affine, oriented } = readHeader(start, subject);
  if (pair) throw new DataError(subject, "its voxels are in another file (.img)");
  const orientation = orientationOf(affine);
  return {
    geometry: {
      shape: frameShape(shape, frame, subject),
      ...(orientation && { orientation }),
      spacing: spacingOf(affine),
      affine: [...affine],
    },
    ...(!oriented && { guessed: true }),
  };
}

function warnOfGuesses(images: readonly FoundImage[], root: string, access: FileAccess): void {
  if (images.length === 0) return;
  access.warn(
    `${root}: ${images.length} image(s) do not state their orientation (qform_code and sform_code ` +
      `are 0) and are taken for LAS, as nibabel takes them: ${listSessions(images)}`,
  );
}

/** Sessions that a warning lists at most. */
const MAX_NAMED = 5;

function listSessions(sessions: readonly SessionKey[]): string {
  const names = sessions.slice(0, MAX_NAMED).map(sessionName).join(", ");
  return sessions.length > MAX_NAMED ? `${names}, and ${sessions.length - MAX_NAMED} more` : names;
}

/** So that a problem is not cached as a shape. */
function throwIfAny(problems: readonly ImageProblem[]): void {
  if (problems.length > 0) throw new DataError(problems[0].participant, problems[0].problem);
}

function problemOf({ participant, session }: FoundImage, error: unknown): ImageProblem {
  if (!(error instanceof DataError)) throw error;
  return { participant, session, problem: error.message };
}

/** Compressed bytes that are enough for any header: a gzip header may have 65,535 of its own. */
const START_BYTES = 2 ** 17;

/** Choices that the log lists one by one. */
const MAX_CHOICES = 50;

function logChoices(choices: Search["choices"], root: string, access: FileAccess): void {
  if (choices.length === 0) return;
  access.log(`${root}: ${choices.length} session(s) have several images`);
  for (const { path, reason, others, ...session } of choices.slice(0, MAX_CHOICES)) {
    access.log(`${sessionName(session)}: ${path} (${reason}), not ${others.join(", ")}`);
  }
  if (choices.length > MAX_CHOICES) access.log(`and ${choices.length - MAX_CHOICES} more`);
}

function warnOfMissingImages(
  sessions: readonly SessionKey[],
  root: string,
  { description }: ImagePattern,
  access: FileAccess,
): void {
  if (sessions.length === 0) return;
  access.warn(
    `${root}: ${sessions.length} session(s) without ${description}: ${listSessions(sessions)}`,
  );
}
