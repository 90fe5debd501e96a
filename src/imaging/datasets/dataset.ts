/** What CAPS and BIDS folders have in common: sessions, one image each, problems reported together. */
import { listFolder } from "../../disk/folders.ts";
import { DataError } from "../../errors.ts";
import { choose, describeSelection, type EntitySelection, select } from "./entities.ts";
import { sessionKey } from "../../tables/identity.ts";

/** A glob on paths below a session, and its description. */
export interface ImagePattern {
  pattern: string;
  description: string;
  needed_pipeline: string;
}

/** ClinicaDL's description of images that a workflow chooses by the end of their names. */
export const CUSTOM_DESCRIPTION = "Custom suffix";

/** `T1w image`, or `image *_UNIT1.nii.gz`. */
export function nameImages({ pattern, description }: ImagePattern): string {
  return description === CUSTOM_DESCRIPTION ? `image ${pattern}` : description;
}

/** `T1w image (anat/sub-*_T1w.nii*)`, or `image *_UNIT1.nii.gz`. */
export function namePattern({ pattern, description }: ImagePattern): string {
  return description === CUSTOM_DESCRIPTION ? `image ${pattern}` : `${description} (${pattern})`;
}

/** What the images of a data set are; null or absent where a field does not apply. */
export interface ImageType {
  /** Pipeline that made them; the modality of raw ones. */
  preprocessing: string;
  use_uncropped_image?: boolean | null;
  tracer?: string | null;
  reconstruction?: string | null;
  suvr_reference_region?: string | null;
  custom_suffix?: string | null;
  /** Entities that were asked for, as BIDS names them. */
  entities?: Readonly<Record<string, string | readonly string[]>>;
  /** Of images of several volumes, the index of the one that is meant, or `mean`. */
  frame?: number | "mean";
}

/** A session of a data set, before its image is looked for. */
export interface ImageCandidate {
  participant: string;
  session: string;
  /** Paths below the data set's root. */
  files(): string[];
}

/** How a kind of data set is laid out. */
export interface Layout {
  /** @throws {DataError} when the folder is none, or of another kind */
  checkRoot(root: string): void;
  sessions(root: string): Iterable<ImageCandidate>;
  /** Folder of the participants, with its slash. */
  subjects: string;
  /** Why there may be no image in any session, where the folders show it. */
  hint?(root: string): string | undefined;
  /** Files to take along that belong to no session. */
  extras?(root: string): string[];
}

export interface FoundImage {
  participant: string;
  session: string;
  /** Below the data set's root. */
  path: string;
  /** A file of the same name, `.nii` next to `.nii.gz`, which must hold the same image. */
  same?: string;
}

/** How the voxels of an image lie in space. */
export interface Geometry {
  /** Voxels along each axis. */
  shape: readonly number[];
  /** Where the axes point, such as `RAS`; absent where the affine is singular. */
  orientation?: string;
  /** Voxel sizes along the axes, in mm. */
  spacing: readonly number[];
  /** Voxel indices to world coordinates, 4x4 row-major. */
  affine: readonly number[];
  /** Of an image of several volumes, how long each lasts, in seconds; where it weighs their mean. */
  frame_durations?: readonly number[];
}

/** A session whose image can't be used. */
export interface ImageProblem {
  participant: string;
  session: string;
  problem: string;
}

export interface Search {
  /** Sorted by participant and session. */
  images: FoundImage[];
  /** Images that were taken before others of their session, and why. */
  choices: (FoundImage & { reason: string; others: string[] })[];
  /** Sessions that were not asked for by name and have no such image. */
  without: { participant: string; session: string }[];
  /** An image that the pattern does not fit, where there is one. */
  other?: string;
  problems: ImageProblem[];
}

/** A session asked for by name. */
export interface SessionKey {
  participant: string;
  session: string;
}

export const sessionName = ({ participant, session }: SessionKey) => `${participant} ${session}`;

/**
 * Looks for one image in every session, or in those listed. Of several, {@link choose} takes one.
 *
 * @param wanted when given, each of these sessions must have an image
 * @param selection entities that were asked for
 */
export function findImages(
  candidates: Iterable<ImageCandidate>,
  images: ImagePattern,
  wanted?: readonly SessionKey[],
  selection: EntitySelection = {},
): Search {
  const keyOf = (key: SessionKey) => sessionKey(key.participant, key.session);
  const missing = new Set(wanted?.map(keyOf));
  const sessionsOf = new Map<string, string[]>();
  const search: Search = { images: [], choices: [], without: [], problems: [] };
  const { pattern } = images;
  const name = nameImages(images);
  const expression = globExpression(pattern);
  const stem = globExpression(pattern.replace(NIFTI_SUFFIX, ""));
  for (const { participant, session, files } of candidates) {
    sessionsOf.set(participant, [...sessionsOf.get(participant) ?? [], session]);
    if (wanted !== undefined && !missing.delete(keyOf({ participant, session }))) continue;
    const paths = files().filter((path) => !isHidden(path));
    const fitting = paths.filter((path) => isImageFile(path) && expression.test(path));
    if (fitting.length === 0) search.other ??= paths.find(isImageFile);
    const hits = select(fitting, selection);
    const choice = hits.length > 1 ? choose(hits, selection) : undefined;
    const half = fitting.length === 0 &&
      paths.find((path) => PAIR_SUFFIX.test(path) && stem.test(path.replace(PAIR_SUFFIX, "")));
    if (choice !== undefined && "problem" in choice) {
      search.problems.push({ participant, session, problem: choice.problem });
    } else if (hits.length > 0) {
      const path = choice?.path ?? hits[0];
      search.images.push({
        participant,
        session,
        path,
        ...(choice?.same && { same: choice.same }),
      });
      if (choice !== undefined) {
        const others = hits.filter((hit) => hit !== path);
        search.choices.push({ participant, session, path, reason: choice.reason, others });
      }
    } else if (fitting.length > 0 && wanted !== undefined) {
      const asked = describeSelection(selection);
      const problem = `no ${name} with ${asked}; there is ${fitting.join(", ")}`;
      search.problems.push({ participant, session, problem });
    } else if (half) {
      const problem =
        `${half}: of a pair .hdr and .img, which neither CAPS nor BIDS has; convert it ` +
        "to one .nii.gz";
      search.problems.push({ participant, session, problem });
    } else if (wanted === undefined) search.without.push({ participant, session });
    else search.problems.push({ participant, session, problem: `no ${namePattern(images)}` });
  }
  for (const { participant, session } of wanted ?? []) {
    if (!missing.has(keyOf({ participant, session }))) continue;
    const present = sessionsOf.get(participant);
    const problem = present === undefined
      ? "no such participant"
      : `no such session; there ${present.length === 1 ? "is" : "are"} ${present.join(", ")}`;
    search.problems.push({ participant, session, problem });
  }
  search.images.sort(bySession);
  return search;
}

function bySession(a: SessionKey, b: SessionKey): number {
  const [left, right] = [sessionName(a), sessionName(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether a name, or that of a folder on the way, starts with a dot: macOS's `._*`, `.git`. */
export function isHidden(path: string): boolean {
  return /(^|\/)\.[^./]/.test(path);
}

/** Whether the name is that of an image: not of a backup (`~`) or a checksum (`.md5`) of one. */
export function isImageFile(path: string): boolean {
  return /\.nii(\.gz)?$/i.test(path) && !isHidden(path);
}

const NIFTI_SUFFIX = /\.nii(\.gz|\*)?$/;

/** Ends of the two files of an image that is not one file. */
const PAIR_SUFFIX = /\.(hdr|img)(\.gz)?$/i;

/** A glob whose end must match a path's end, at the boundary of a folder or of the name. */
function globExpression(glob: string): RegExp {
  const source = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`(^|/)${source}$`, "i");
}

/** Problems that a message lists at most. */
const MAX_LISTED = 20;

/** @throws {DataError} listing the problems by participant, when there is any */
export function throwProblems(problems: readonly ImageProblem[], subject: string): void {
  if (problems.length === 0) return;
  const lines = problems.toSorted(bySession).slice(0, MAX_LISTED)
    .map((problem) => `  ${sessionName(problem)}: ${problem.problem}`);
  if (problems.length > MAX_LISTED) lines.push(`  and ${problems.length - MAX_LISTED} more`);
  const count = problems.length === 1 ? "an image" : `${problems.length} images`;
  throw new DataError(subject, `${count} can't be used:\n${lines.join("\n")}`);
}

/** Names of the folders in a folder, sorted. @throws {DataError} when it can't be listed */
export function directories(path: string): string[] {
  return listFolder(path).filter((entry) => entry.isDirectory).map((entry) => entry.name);
}
