/** Pictures of a session's tensor: some of its elements side by side, as a PNG. */
import { INDEX_FILE } from "../artifacts/images.ts";
import { encode } from "fast-png";
import { DataError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { readTsv } from "../formats/tsv.ts";
import type { Artifact } from "../workflow/step.ts";
import type { Strip } from "./data.ts";

/** Elements of a strip. */
const MAX_ELEMENTS = 6;
/** Pixels of an element's longer side, at most. */
const CELL = 112;
const GAP = 2;
/** Shares of pixels that are shown black and white. */
const DARKEST = 0.005, BRIGHTEST = 0.998;

export interface Session {
  participant: string;
  session: string;
  path: string;
}

/** The sessions of an `images` artifact and their pictures. */
export class ImageStrips {
  readonly #made = new Map<string, Promise<Strip>>();

  private constructor(
    readonly images: Artifact,
    readonly sessions: readonly Session[],
    readonly names: readonly (string | number)[],
  ) {}

  static async open(images: Artifact): Promise<ImageStrips> {
    const { columns, rows } = readTsv(await images.read(INDEX_FILE), INDEX_FILE);
    const [participant, session, path] = ["participant_id", "session_id", "path"]
      .map((name) => columns.indexOf(name));
    const sessions = rows.map((row) => ({
      participant: row[participant] ?? "",
      session: row[session] ?? "",
      path: row[path] ?? "",
    }));
    const elements = images.meta.elements;
    const names = Array.isArray(elements) ? elements.map(elementName) : [];
    return new ImageStrips(images, sessions, names);
  }

  find(participant: string, session: string): Session | undefined {
    return this.sessions.find((each) =>
      each.participant === participant && each.session === session
    );
  }

  /** @throws {DataError} when its file is missing or no tensor of images */
  strip(session: Session): Promise<Strip> {
    const made = this.#made.get(session.path) ?? this.#draw(session);
    this.#made.set(session.path, made);
    return made;
  }

  async #draw({ participant, session, path }: Session): Promise<Strip> {
    const file = readSafetensors(await this.images.read(path), path);
    const { shape, data } = file.tensor("data");
    if (!(data instanceof Float32Array) || shape.length < 4) {
      throw new DataError(path, `holds ${file.tensor("data").dtype} of [${shape}], not images`);
    }
    const chosen = spread(shape[0], MAX_ELEMENTS);
    const size = data.length / shape[0];
    const planes = chosen.map((element) =>
      middlePlane(data.subarray(element * size, (element + 1) * size), shape.slice(2))
    );
    return {
      participant,
      session,
      image: `data:image/png;base64,${drawRow(planes).toBase64()}`,
      elements: chosen.map((element) => this.names[element] ?? element),
    };
  }
}

function elementName(element: unknown): string | number {
  return typeof element === "number" ? element : String(element);
}

/** At most `count` of 0..length-1, evenly from the inside of the range. */
export function spread(length: number, count: number): number[] {
  const taken = Math.min(length, count);
  return Array.from({ length: taken }, (_, i) => Math.floor((i + 0.5) * length / taken));
}

/** `[width][height]` as stored: the first axis runs to the right, the second upwards. */
interface Plane {
  width: number;
  height: number;
  at(x: number, y: number): number;
}

/** A slice as it is; of a volume the slice across its last axis in the middle. */
function middlePlane(data: Float32Array, shape: readonly number[]): Plane {
  const [width, height, depth = 1] = shape;
  const middle = Math.floor(depth / 2);
  return { width, height, at: (x, y) => data[(x * height + y) * depth + middle] };
}

/** Grey values of all planes have the same scale, between two quantiles. */
function drawRow(planes: readonly Plane[]): Uint8Array {
  const scale = Math.min(1, ...planes.map(({ width, height }) => CELL / Math.max(width, height)));
  const sizes = planes.map(({ width, height }) => ({
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  }));
  const width = sizes.reduce((sum, size) => sum + size.width + GAP, -GAP);
  const height = Math.max(...sizes.map((size) => size.height));
  const values = planes.map((plane, index) => resample(plane, sizes[index]));
  const sorted = Float32Array.from(values.flatMap((plane) => [...plane])).sort();
  const [black, white] = [DARKEST, BRIGHTEST].map((quantile) =>
    sorted[Math.floor(quantile * (sorted.length - 1))]
  );
  const pixels = new Uint8Array(width * height);
  let left = 0;
  values.forEach((plane, index) => {
    const size = sizes[index];
    const top = Math.floor((height - size.height) / 2);
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const grey = (plane[y * size.width + x] - black) / (white - black || 1);
        pixels[(top + y) * width + left + x] = Math.min(255, Math.max(0, Math.round(255 * grey)));
      }
    }
    left += size.width + GAP;
  });
  return encode({ width, height, data: pixels, channels: 1, depth: 8 });
}

/** Means over the pixels that fall into each smaller one; rows from the top. */
function resample(plane: Plane, size: { width: number; height: number }): Float32Array {
  const out = new Float32Array(size.width * size.height);
  const [stepX, stepY] = [plane.width / size.width, plane.height / size.height];
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const fromX = Math.floor(x * stepX), toX = Math.max(fromX + 1, Math.floor((x + 1) * stepX));
      const fromY = Math.floor(y * stepY), toY = Math.max(fromY + 1, Math.floor((y + 1) * stepY));
      let sum = 0;
      for (let u = fromX; u < toX; u++) {
        for (let v = fromY; v < toY; v++) sum += plane.at(u, plane.height - 1 - v);
      }
      const mean = sum / ((toX - fromX) * (toY - fromY));
      out[y * size.width + x] = Number.isFinite(mean) ? mean : 0;
    }
  }
  return out;
}
