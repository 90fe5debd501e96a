/** How long the volumes of a dynamic image last, by the JSON files of its data set. */
import { listFolder } from "../../disk/folders.ts";
import { DataError } from "../../errors.ts";
import { entitiesOf } from "./entities.ts";
import { readJsonIfPresent } from "./read_if_present.ts";

/** Share of a volume that may overlap the next, which rounding explains. */
const OVERLAP_TOLERANCE = 0.1;

/**
 * BIDS's `FrameDuration` in seconds, of the JSON file nearest to the image that describes it.
 *
 * @param path of the image, below `root`
 * @param volumes of the image
 * @returns undefined where no file has it
 * @throws {DataError} when it does not fit the volumes, or contradicts `FrameTimesStart`
 */
export function readFrameDurations(
  root: string,
  path: string,
  volumes: number,
): number[] | undefined {
  let durations: number[] | undefined, starts: number[] | undefined;
  let subject = "";
  for (const sidecar of sidecarsOf(root, path)) {
    const fields = readJsonIfPresent(sidecar) as Record<string, unknown> | null;
    if (fields?.FrameDuration !== undefined) {
      subject = sidecar;
      durations = readSeconds(fields.FrameDuration, volumes, "FrameDuration", sidecar);
    }
    if (fields?.FrameTimesStart !== undefined) {
      starts = readSeconds(fields.FrameTimesStart, volumes, "FrameTimesStart", sidecar);
    }
  }
  if (durations?.some((seconds) => seconds <= 0)) {
    throw new DataError(subject, "FrameDuration must be above 0 for every volume");
  }
  if (durations && starts) checkOverlap(starts, durations, subject);
  return durations;
}

/**
 * JSON files that describe the image by BIDS's inheritance: in its folder or one above, with no other
 * entities than its own. The nearest comes last.
 */
function sidecarsOf(root: string, path: string): string[] {
  const image = entitiesOf(path);
  const folders = path.split("/").slice(0, -1);
  return ["", ...folders.map((_, depth) => `${folders.slice(0, depth + 1).join("/")}/`)]
    .flatMap((folder) =>
      listFolder(`${root}/${folder}`).filter(({ name, isDirectory }) => {
        if (isDirectory || !name.endsWith(".json")) return false;
        const entities = [...entitiesOf(name)];
        return entities.some(([entity]) => entity === "suffix") &&
          entities.every(([entity, value]) => image.get(entity) === value);
      }).map(({ name }) => ({ path: folder + name, entities: entitiesOf(name).size }))
        .sort((a, b) => a.entities - b.entities)
    ).map((sidecar) => `${root}/${sidecar.path}`);
}

function readSeconds(value: unknown, volumes: number, field: string, subject: string): number[] {
  const list = Array.isArray(value) ? value : [value];
  if (!list.every((item) => typeof item === "number" && Number.isFinite(item))) {
    throw new DataError(subject, `${field} must be a list of numbers, in seconds`);
  }
  if (list.length !== volumes) {
    throw new DataError(
      subject,
      `${field} has ${list.length} values, but the image has ${volumes} volumes; correct it, or take ` +
        "one volume with frame = 0 to its last",
    );
  }
  return list;
}

/** Some files give the ends of the volumes for their durations. */
function checkOverlap(
  starts: readonly number[],
  durations: readonly number[],
  subject: string,
): void {
  const volume = durations.findIndex((duration, i) =>
    starts[i] + duration * (1 - OVERLAP_TOLERANCE) > (starts[i + 1] ?? Infinity)
  );
  if (volume < 0) return;
  throw new DataError(
    subject,
    `FrameDuration contradicts FrameTimesStart: volume ${volume} starts at ${
      starts[volume]
    } s and ` +
      `lasts ${durations[volume]} s, but the next starts at ${
        starts[volume + 1]
      } s; correct one of ` +
      "them, or take one volume with frame = 0 to its last",
  );
}
