/** What a generated data set will hold: path and recipe of every image, and the sessions. */
import { DataError } from "../../errors.ts";
import type { Cell, Table } from "../../formats/tsv.ts";
import { linearPaths } from "../datasets/caps.ts";
import type { ImageType } from "../datasets/dataset.ts";
import { SINGLE_COHORT } from "../../tables/identity.ts";
import type { ArtifactOptions } from "./artifacts.ts";
import type { Pathology } from "./hypometabolic.ts";
import { type ImageRecipe, subtypeOf } from "./image.ts";
import {
  drawParticipants,
  type GeneratedSession,
  type SessionRows,
  sessionRows,
} from "./participants.ts";
import { customPath, type DatasetImage, markedPath, rawPath, renamedPath } from "./paths.ts";
import { type HippocampusBox, hippocampusMasks } from "./roi_masks.ts";

/** A real image to start from. */
export interface Source extends DatasetImage {
  digest: string;
  /** Bytes. */
  size: number;
}

export interface PlannedImage extends DatasetImage {
  /** Absent where the source is taken as it is. */
  recipe?: ImageRecipe;
  source?: Source;
  /** Index among the given masks. */
  mask?: number;
}

export interface DatasetPlan {
  images: PlannedImage[];
  sessions: SessionRows;
  meta: ImageType & { source: string };
  /** Masks of regions, by their paths in the CAPS. */
  masks?: Record<string, Uint8Array<ArrayBuffer>>;
}

/** Real images, and what is known of their sessions. */
export interface Sources {
  images: readonly Source[];
  /** Their sessions: `participants.tsv`. */
  table?: Table;
  type: ImageType;
}

interface Population {
  /** Participants of each class. */
  nSubjects: number;
  seed: number;
}

const T1_LINEAR: ImageType = { preprocessing: "t1-linear", use_uncropped_image: false };

/** @param boxes regions whose masks the data set has */
export function planPhantoms(
  { nSubjects, seed }: Population,
  nSessions: number,
  options: { shape: readonly [number, number, number]; strength: number },
  boxes: readonly HippocampusBox[] = [],
): DatasetPlan {
  const sessions = drawParticipants("PHAN", nSubjects, nSessions, seed);
  return {
    images: sessions.map((session) => {
      const names = { participant: session.participantId, session: session.sessionId };
      return {
        ...imageOf(session, linearPaths("t1-linear", names, false).image),
        recipe: { kind: "phantom", seed, session, ...options },
      };
    }),
    sessions: sessionRows(sessions),
    meta: { source: "phantom", ...T1_LINEAR },
    masks: hippocampusMasks(options.shape, boxes),
  };
}

/** Heads as scanners store them, in a BIDS folder. */
export function planScans(
  { nSubjects, seed }: Population,
  nSessions: number,
  options: { voxel: number; strength: number },
): DatasetPlan {
  const sessions = drawParticipants("PHAN", nSubjects, nSessions, seed);
  return {
    images: sessions.map((session) => ({
      ...imageOf(session, rawPath(session.participantId, session.sessionId)),
      recipe: { kind: "scan", seed, session, ...options },
    })),
    sessions: sessionRows(sessions),
    meta: { source: "bids", preprocessing: "t1", use_uncropped_image: null },
  };
}

export function planSheppLogan(
  population: Population,
  options: {
    size: number;
    subtypes: Readonly<Record<string, readonly number[]>>;
    smoothing: boolean;
  },
): DatasetPlan {
  const { size, subtypes, smoothing } = options;
  const sessions = drawParticipants("CLNC", population.nSubjects, 1, population.seed);
  const recipeOf = (session: GeneratedSession) => ({
    kind: "shepplogan" as const,
    seed: population.seed,
    session,
    size,
    subtypes: subtypes[session.diagnosis],
    smoothing,
  });
  const suffix = "phantom-SheppLogan.nii.gz";
  return {
    images: sessions.map((session) => ({
      ...imageOf(session, customPath(session.participantId, session.sessionId, suffix)),
      recipe: recipeOf(session),
    })),
    sessions: sessionRows(sessions, {
      columns: ["subtype"],
      cells: (session) => [String(subtypeOf(recipeOf(session)))],
    }),
    meta: {
      source: "shepplogan",
      preprocessing: "custom",
      use_uncropped_image: null,
      custom_suffix: suffix,
    },
  };
}

/** Participants made from real images, two (one of each class) from each image in turn. */
export function planFromSources(
  kind: "trivial" | "random",
  population: Population,
  sources: Sources,
  recipeOf: (session: GeneratedSession) => ImageRecipe,
): DatasetPlan {
  const prefix = kind === "trivial" ? "TRIV" : "RAND";
  const sessions = drawParticipants(prefix, population.nSubjects, 1, population.seed);
  const images = sessions.map((session): PlannedImage => {
    const number = kind === "random" ? 0 : session.participant >> 1;
    const source = sources.images[number % sources.images.length];
    const path = renamedPath(source, session.participantId, session.sessionId);
    return {
      ...imageOf(session, path),
      recipe: recipeOf(session),
      source,
      mask: session.diagnosis === "AD" ? 0 : 1,
    };
  });
  return {
    images,
    sessions: sessionRows(sessions),
    meta: { ...sources.type, source: kind },
  };
}

/**
 * Sources made hypometabolic: the first of them, or all.
 *
 * @param diagnoses of the sessions whose images are changed, all when absent; the others stay as they are
 */
export function planHypometabolic(
  sources: Sources,
  count: number,
  options: { pathology: Pathology; degree: number; sigma: number },
  diagnoses?: readonly string[],
): DatasetPlan {
  if (count > sources.images.length) {
    throw new DataError(
      "generate.hypometabolic",
      `n_subjects = ${count}, but the data set has ${sources.images.length} images`,
    );
  }
  const recipe: ImageRecipe = { kind: "hypometabolic", ...options };
  const taken = { ...sources, images: sources.images.slice(0, count) };
  const changed = diagnoses === undefined
    ? undefined
    : diagnosesOf(taken).map((diagnosis) => diagnoses.includes(diagnosis ?? ""));
  if (changed?.every((each) => !each)) {
    throw new DataError(
      "generate.hypometabolic",
      `none of the ${taken.images.length} sessions has a diagnosis of ${diagnoses?.join(", ")}`,
    );
  }
  const plan = planMarked(
    taken,
    "hypometabolic",
    `pat-${options.pathology}_deg-${Math.round(options.degree)}`,
    () => recipe,
    options.pathology,
    changed,
  );
  // Both kinds of names end alike.
  const [{ path }] = taken.images;
  const suffix = path.slice(path.lastIndexOf("_"));
  return changed ? { ...plan, meta: { ...plan.meta, custom_suffix: suffix } } : plan;
}

/** Diagnosis of each image's session, where the table has it. */
function diagnosesOf({ images, table }: Sources): (string | null)[] {
  const at = (name: string) => table?.columns.indexOf(name) ?? -1;
  const [participant, session, diagnosis] = ["participant_id", "session_id", "diagnosis"].map(at);
  const known = new Map(
    (table?.rows ?? []).map((row) =>
      [`${row[participant]} ${row[session]}`, row[diagnosis] ?? null] as const
    ),
  );
  return images.map((image) => known.get(`${image.participant} ${image.session}`) ?? null);
}

/** Every source with artifacts. */
export function planArtifacts(
  sources: Sources,
  seed: number,
  options: ArtifactOptions,
): DatasetPlan {
  const names = options.artifacts.map((name) =>
    ({ motion: "mot", contrast: "con", noise: "noi" })[name]
  );
  return planMarked(
    sources,
    "artifacts",
    `art-${names.join("-")}`,
    (image) => ({ kind: "artifacts", seed, image, options }),
  );
}

/**
 * Participants keep their names; file names get entities that their sources lack.
 *
 * @param changed whether each image is, all when absent
 */
function planMarked(
  sources: Sources,
  source: string,
  entities: string,
  recipeOf: (image: number) => ImageRecipe,
  diagnosis?: string,
  changed?: readonly boolean[],
): DatasetPlan {
  const marked = sources.images.map((image) => markedPath(image.path, entities));
  return {
    images: sources.images.map((image, i) => ({
      participant: image.participant,
      session: image.session,
      cohort: image.cohort,
      source: image,
      ...changed?.[i] === false
        ? { path: image.path }
        : { path: marked[i].path, recipe: recipeOf(i), mask: 0 },
    })),
    sessions: sourceRows(sources, diagnosis, changed),
    meta: {
      source,
      preprocessing: "custom",
      use_uncropped_image: null,
      custom_suffix: marked[0].suffix,
    },
  };
}

/** The sources' rows, under another diagnosis if one is given; those of changed images alone. */
function sourceRows(
  sources: Sources,
  diagnosis?: string,
  changed?: readonly boolean[],
): SessionRows {
  const { images, table } = sources;
  const given = diagnosesOf(sources);
  const known = (table?.columns ?? []).filter((name) =>
    name !== "participant_id" && name !== "session_id" &&
    (name !== "diagnosis" || diagnosis === undefined)
  );
  const at = known.map((name) => table?.columns.indexOf(name) ?? -1);
  const participant = table?.columns.indexOf("participant_id") ?? -1;
  const session = table?.columns.indexOf("session_id") ?? -1;
  const rowOf = new Map(
    (table?.rows ?? []).map((
      row,
    ): [string, readonly Cell[]] => [`${row[participant]} ${row[session]}`, row]),
  );
  const added = diagnosis === undefined ? [] : ["diagnosis"];
  return {
    columns: ["participant_id", "session_id", ...known, ...added],
    rows: images.map((image, i) => {
      const row = rowOf.get(`${image.participant} ${image.session}`);
      return [
        image.participant,
        image.session,
        ...at.map((column) => row?.[column] ?? null),
        ...diagnosis === undefined ? [] : [changed?.[i] === false ? given[i] : diagnosis],
      ];
    }),
  };
}

function imageOf({ participantId, sessionId }: GeneratedSession, path: string): DatasetImage {
  return { participant: participantId, session: sessionId, path, cohort: SINGLE_COHORT };
}
