/** Opens data sets of several cohorts: one image a session, by digest, and its description. */
import type { Table } from "../../formats/tsv.ts";
import { describeSelection, type EntitySelection } from "./entities.ts";
import {
  findImages,
  type ImagePattern,
  type Layout,
  nameImages,
  namePattern,
  type Search,
  type SessionKey,
  sessionName,
  throwProblems,
} from "./dataset.ts";
import type { Frame } from "../nifti/nifti.ts";
import { sessionKey, SINGLE_COHORT } from "../../tables/identity.ts";
import { describeSessions } from "./description.ts";
import type { Blob, FileAccess } from "./file_access.ts";
import { type RegisteredImage, registerImages } from "./register_images.ts";
import { type Cohort, readSessionList } from "./sessions.ts";
import { DataError } from "../../errors.ts";

export interface OpenOptions {
  /** Entities that were asked for. */
  selection?: EntitySelection;
  /** Which volume of an image of several is meant. */
  frame?: Frame;
}

/** An image by its digest. */
export interface OpenedImage extends RegisteredImage {
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

/**
 * @throws {DataError} listing every session whose image is missing, found several times, unreadable
 *   or no NIfTI file of one volume; or when no image is found at all
 */
export async function openDataset(
  layout: Layout,
  cohorts: readonly Cohort[],
  pattern: ImagePattern,
  access: FileAccess,
  { selection = {}, frame }: OpenOptions = {},
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
    const opened = await registerImages(search.images, root, access, frame);
    throwProblems([...search.problems, ...opened.problems], root);
    logChoices(search.choices, root, access);
    warnOfGuesses(opened.images.filter(({ guessed }) => guessed), root, access);
    if (frame === "mean") warnOfPlainMeans(opened.images, root, access);
    warnOfMissingImages(search.without, root, pattern, access);
    if (opened.images.length === 0) {
      const asked = Object.keys(selection).length > 0
        ? ` with ${describeSelection(selection)}`
        : "";
      const hint = layout.hint?.(root) ??
        (search.other &&
          `there is ${search.other}: choose it by other parameters, or by the end of ` +
            'its name, with the modality or preprocessing "custom" and custom_suffix');
      throw new DataError(
        root,
        `no ${namePattern(pattern)} found${asked}${hint ? `; ${hint}` : ""}`,
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

function warnOfGuesses(images: readonly SessionKey[], root: string, access: FileAccess): void {
  if (images.length === 0) return;
  access.warn(
    `${root}: ${images.length} image(s) do not state their orientation (qform_code and sform_code ` +
      `are 0) and are taken for LAS, as nibabel takes them: ${listSessions(images)}`,
  );
}

function warnOfPlainMeans(
  images: readonly RegisteredImage[],
  root: string,
  access: FileAccess,
): void {
  const plain = images.filter((image) => image.volumes > 1 && !image.frame_durations);
  if (plain.length === 0) return;
  access.warn(
    `${root}: ${plain.length} image(s) have no FrameDuration in a JSON file: all volumes count alike in ` +
      `their mean: ${listSessions(plain)}`,
  );
}

/** Sessions that a warning lists at most. */
const MAX_NAMED = 5;

function listSessions(sessions: readonly SessionKey[]): string {
  const names = sessions.slice(0, MAX_NAMED).map(sessionName).join(", ");
  return sessions.length > MAX_NAMED ? `${names}, and ${sessions.length - MAX_NAMED} more` : names;
}

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
  pattern: ImagePattern,
  access: FileAccess,
): void {
  if (sessions.length === 0) return;
  access.warn(
    `${root}: ${sessions.length} session(s) without ${nameImages(pattern)}: ${
      listSessions(sessions)
    }`,
  );
}
