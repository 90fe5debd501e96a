/** From tables and extracted images to the samples that a network sees. */
import { DataError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { type Cell, columnIndices, readTsv } from "../formats/tsv.ts";
import type { Artifact, Json } from "../workflow/step.ts";

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
  /** File of the images artifact. */
  path: string;
}

/** An images artifact, indexed. */
export interface ImageSet {
  artifact: Artifact;
  mode: string;
  /** Ids in order; for slices the absolute slice indices. */
  elements: readonly number[];
  /** [C, H, W] as the network sees it; stored tensors have one channel. */
  elementShape: readonly number[];
  /** By "participant session". */
  index: ReadonlyMap<string, { sourceDigest: string; path: string; cohort: string }>;
}

const INDEX_COLUMNS = ["participant_id", "session_id", "source_digest", "path"] as const;

/** @throws {DataError} when the artifact's index is damaged */
export async function openImages(artifact: Artifact): Promise<ImageSet> {
  const subject = "index.tsv of the extracted images";
  const table = readTsv(await artifact.readText("index.tsv"), subject);
  const at = columnIndices(table, INDEX_COLUMNS, subject);
  const cohort = table.columns.indexOf("cohort");
  const index = new Map(table.rows.map((cells) => [
    `${cells[at.participant_id]} ${cells[at.session_id]}`,
    {
      sourceDigest: cells[at.source_digest] ?? "",
      path: cells[at.path] ?? "",
      cohort: (cohort >= 0 ? cells[cohort] : null) ?? "single",
    },
  ]));
  return {
    artifact,
    mode: String(artifact.meta.mode),
    elements: numbers(artifact.meta.elements),
    elementShape: numbers(artifact.meta.element_shape),
    index,
  };
}

function numbers(value: Json | undefined): number[] {
  return Array.isArray(value) ? value.map(Number) : [];
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
    participant: cells[at.participant_id] ?? "",
    session: cells[at.session_id] ?? "",
    row: Object.fromEntries(table.columns.map((column, i) => [column, cells[i]])),
  }));
}

/**
 * The rows of a table joined with their images, see {@link readSessions}.
 *
 * @throws {DataError} naming every session without an image, or an empty table
 */
export function joinSamples(
  text: string,
  subject: string,
  images: ImageSet,
  diagnoses?: readonly string[],
): Sample[] {
  const missing: string[] = [];
  const samples: Sample[] = [];
  for (const { participant, session, row } of readSessions(text, subject, diagnoses)) {
    const image = images.index.get(`${participant} ${session}`);
    if (image) samples.push({ participant, session, ...image, row });
    else missing.push(`${participant} ${session}`);
  }
  if (missing.length > 0) {
    throw new DataError(
      subject,
      `no extracted image for ${missing.slice(0, 20).join(", ")}${
        missing.length > 20 ? ` and ${missing.length - 20} more` : ""
      }; extract these sessions or leave them out of the labels`,
    );
  }
  return samples;
}

/**
 * Every element of one sample: float32, [elements, 1, spatial...] flattened.
 *
 * @throws {DataError} when its shape is not that of the other images
 */
export async function loadElements(images: ImageSet, sample: Sample): Promise<Float32Array> {
  const bytes = await images.artifact.read(sample.path);
  const { shape, data } = readSafetensors(bytes, sample.path).tensor("data");
  const expected = [images.elements.length, 1, ...images.elementShape.slice(1)];
  if (shape.length !== expected.length || shape.some((size, i) => size !== expected[i])) {
    throw new DataError(
      `${sample.participant} ${sample.session}`,
      `its elements have shape ${shape.join(" x ")}, those of the others ${
        expected.join(" x ")
      }; ` +
        "resample the images to one grid when extracting",
    );
  }
  if (!(data instanceof Float32Array)) {
    throw new DataError(`${sample.participant} ${sample.session}`, "its elements are not float32");
  }
  return data;
}
