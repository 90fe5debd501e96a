/** From the paths of images to their digests and what their headers hold. */
import { readStart } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";
import { OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import { forEachConcurrently } from "../concurrent.ts";
import { type Frame, frameShape, readHeader, readNifti } from "../nifti/nifti.ts";
import { orientationOf, spacingOf } from "../nifti/orientation.ts";
import type { FoundImage, Geometry, ImageProblem } from "./dataset.ts";
import type { Blob, FileAccess } from "./file_access.ts";
import { readFrameDurations } from "./frame_durations.ts";

export interface RegisteredImage extends FoundImage, Blob, Geometry {
  /** In the file; the shape is that of one. */
  volumes: number;
  /** Whether the header states no transform. */
  guessed?: true;
}

/** Files that are read at a time. */
const CONCURRENCY = 8;

/** Compressed bytes that are enough for any header: a gzip header may have 65,535 of its own. */
const START_BYTES = 2 ** 17;

/**
 * @param root of the data set, which the paths are below
 * @param frame the volume to take of images of several
 * @returns images, and those that can't be read or used
 */
export async function registerImages(
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
      const blob = await access.external(`${root}/${image.path}`);
      if (image.same !== undefined) await checkSame(image, blob, root, access);
      images[index] = { ...image, ...blob };
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
  const headers = await readHeaders(readable, root, access, frame);
  problems.push(...headers.problems);
  const registered = readable.flatMap((image, i) => {
    const header = headers.headers[i];
    if (header === undefined) return [];
    try {
      const { geometry, volumes, ...rest } = header;
      const durations = frame === "mean" && volumes > 1
        ? readFrameDurations(root, image.path, volumes)
        : undefined;
      const frames = durations && { frame_durations: durations };
      return [{ ...image, ...geometry, ...frames, volumes, ...rest }];
    } catch (error) {
      problems.push(problemOf(image, error));
      return [];
    }
  });
  return { images: registered, problems };
}

/** @throws {DataError} when the two files of one name hold other voxels, or lie elsewhere */
async function checkSame(
  { path, same }: FoundImage,
  blob: Blob,
  root: string,
  access: FileAccess,
): Promise<void> {
  const other = await access.external(`${root}/${same}`);
  const compare = async () => {
    const [a, b] = await Promise.all([[blob, path] as const, [other, same!] as const].map(
      async ([blob, path]) => readNifti(await access.get(blob), path),
    ));
    const equal = a.type === b.type && a.slope === b.slope && a.intercept === b.intercept &&
      a.shape.join() === b.shape.join() && a.affine.join() === b.affine.join() &&
      a.voxels.every((voxel, i) => Object.is(voxel, b.voxels[i]));
    return new TextEncoder().encode(String(equal));
  };
  const equal = await access.memo({ sameImage: [blob.digest, other.digest] }, compare);
  if (new TextDecoder().decode(await access.get(equal)) === "true") return;
  const end = /_[^_]*$/.exec(path)?.[0];
  throw new DataError(
    path,
    `is another image than ${same}, which has its name; remove one of them, or choose by the modality ` +
      `or preprocessing "custom" and custom_suffix = "${end}"`,
  );
}

/** What is read of a header. */
interface ReadHeader {
  geometry: Geometry;
  volumes: number;
  guessed?: true;
}

/** All at once: the headers of thousands of images that were valid before are not read again. */
async function readHeaders(
  images: readonly (FoundImage & Blob)[],
  root: string,
  access: FileAccess,
  frame: Frame | undefined,
): Promise<{ headers: ReadHeader[]; problems: ImageProblem[] }> {
  const problems: ImageProblem[] = [];
  if (images.length === 0) return { headers: [], problems };
  const readAll = () => {
    const headers = images.map((image) => {
      try {
        return readGeometry(readStart(`${root}/${image.path}`, START_BYTES), image.path, frame);
      } catch (error) {
        problems.push(problemOf(image, error));
      }
    });
    throwIfAny(problems);
    return Promise.resolve(new TextEncoder().encode(JSON.stringify(headers)));
  };
  try {
    const digests = images.map(({ digest }) => digest);
    const blob = await access.memo({ headersOf: digests, frame: String(frame) }, readAll);
    const headers = parseJsonBytes(
      await access.get(blob),
      "headers of images",
      OWN_LIMITS,
    ) as ReadHeader[];
    return { headers, problems };
  } catch (error) {
    if (problems.length === 0) throw error;
    return { headers: [], problems };
  }
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
    volumes: shape.slice(3).reduce((product, extent) => product * extent, 1),
    ...(!oriented && { guessed: true }),
  };
}

/** So that a problem is not cached as a shape. */
function throwIfAny(problems: readonly ImageProblem[]): void {
  if (problems.length > 0) throw new DataError(problems[0].participant, problems[0].problem);
}

function problemOf({ participant, session }: FoundImage, error: unknown): ImageProblem {
  if (!(error instanceof DataError)) throw error;
  return { participant, session, problem: error.message };
}
