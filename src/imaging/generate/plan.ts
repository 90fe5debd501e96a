/** What a generated data set will hold: every image's place and recipe, and the tables. */
import { DataError } from "../../errors.ts";
import { type Cell, type Table, writeTsv } from "../../formats/tsv.ts";
import type { ArtifactOptions } from "./artifacts.ts";
import type { Pathology } from "./hypometabolic.ts";
import { type ImageRecipe, subtypeOf } from "./image.ts";
import { drawParticipants, type GeneratedSession } from "./participants.ts";
import {
  customPath,
  markedPath,
  participantsTsv,
  type PlacedImage,
  renamedPath,
  t1LinearPath,
} from "./tree.ts";

/** Which images a data set's users will look for. */
export type ImageType = Record<string, string | boolean | null>;

/** A real image to start from, and where it stood. */
export interface SourcePlace extends PlacedImage {
  digest: string;
  /** Bytes. */
  size: number;
}

export interface PlannedImage extends PlacedImage {
  recipe: ImageRecipe;
  source?: SourcePlace;
  /** Which of the given masks it needs. */
  mask?: number;
}

export interface DatasetPlan {
  images: PlannedImage[];
  participantsTsv: string;
  meta: ImageType;
}

/** Real images with their table, when the kind starts from some. */
export interface Sources {
  images: readonly SourcePlace[];
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
const NO_COLUMNS = { columns: [], of: () => [] };

export function planPhantoms(
  { nSubjects, seed }: Population,
  nSessions: number,
  options: { shape: readonly [number, number, number]; strength: number },
): DatasetPlan {
  const sessions = drawParticipants("PHAN", nSubjects, nSessions, seed);
  return {
    images: sessions.map((session) => ({
      ...place(session, t1LinearPath(session.participantId, session.sessionId, false)),
      recipe: { kind: "phantom", seed, session, ...options },
    })),
    participantsTsv: participantsTsv(sessions, NO_COLUMNS),
    meta: { source: "phantom", ...T1_LINEAR },
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
      ...place(session, customPath(session.participantId, session.sessionId, suffix)),
      recipe: recipeOf(session),
    })),
    participantsTsv: participantsTsv(sessions, {
      columns: ["subtype"],
      of: (session) => [String(subtypeOf(recipeOf(session)))],
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
      ...place(session, path),
      recipe: recipeOf(session),
      source,
      mask: session.diagnosis === "AD" ? 0 : 1,
    };
  });
  return {
    images,
    participantsTsv: participantsTsv(sessions, NO_COLUMNS),
    meta: { ...sources.type, source: kind },
  };
}

/** Sources made hypometabolic: the first of them, or all. */
export function planHypometabolic(
  sources: Sources,
  count: number,
  options: { pathology: Pathology; degree: number; sigma: number },
): DatasetPlan {
  if (count > sources.images.length) {
    throw new DataError(
      "generate.hypometabolic",
      `n_subjects = ${count}, but the data set has ${sources.images.length} images`,
    );
  }
  const recipe: ImageRecipe = { kind: "hypometabolic", ...options };
  return planMarked(
    { ...sources, images: sources.images.slice(0, count) },
    "hypometabolic",
    `pat-${options.pathology}_deg-${Math.round(options.degree)}`,
    () => recipe,
    options.pathology,
  );
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

/** Participants keep their names; files get entities that tell them from their sources. */
function planMarked(
  sources: Sources,
  source: string,
  entities: string,
  recipeOf: (image: number) => ImageRecipe,
  diagnosis?: string,
): DatasetPlan {
  const marked = sources.images.map((image) => markedPath(image.path, entities));
  return {
    images: sources.images.map((image, i) => ({
      participantId: image.participantId,
      sessionId: image.sessionId,
      path: marked[i].path,
      cohort: image.cohort,
      recipe: recipeOf(i),
      source: image,
      mask: 0,
    })),
    participantsTsv: describeSources(sources, diagnosis),
    meta: {
      source,
      preprocessing: "custom",
      use_uncropped_image: null,
      custom_suffix: marked[0].suffix,
    },
  };
}

/** The sources' rows, under another diagnosis if one is given. */
function describeSources({ images, table }: Sources, diagnosis?: string): string {
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
    ): [string, Cell[]] => [`${row[participant]} ${row[session]}`, row]),
  );
  const added = diagnosis === undefined ? [] : ["diagnosis"];
  return writeTsv(
    ["participant_id", "session_id", ...known, ...added],
    images.map((image) => {
      const row = rowOf.get(`${image.participantId} ${image.sessionId}`);
      return [
        image.participantId,
        image.sessionId,
        ...at.map((column) => row?.[column] ?? null),
        ...diagnosis === undefined ? [] : [diagnosis],
      ];
    }),
  );
}

function place({ participantId, sessionId }: GeneratedSession, path: string): PlacedImage {
  return { participantId, sessionId, path };
}
