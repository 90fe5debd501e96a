/** Pictures of a session's tensor: some of its elements side by side, as a PNG. */
import { imagesMeta, INDEX_FILE } from "../../artifacts/images.ts";
import { DataError } from "../../errors.ts";
import { readSafetensors, type Safetensors } from "../../formats/safetensors.ts";
import { readTsv } from "../../formats/tsv.ts";
import type { TensorVolume } from "../../imaging/orthogonal_views.ts";
import type { Artifact } from "../../workflow/step.ts";
import type { Strip } from "../data.ts";
import { drawPlanes, type Layout, slicePlane, volumePlanes } from "./planes.ts";

/** Elements of a strip, and volumes of one of its lines. */
const MAX_ELEMENTS = 6, VOLUMES_A_LINE = 2;
/** Pixels of a slice's longer side, at most; of a single volume's slices, as many fill a line. */
const CELL = 112, LARGE_CELL = 226;

const SLICES: Layout = { cell: CELL, enlarge: false, together: Infinity, ground: 0 };
const VOLUMES: Layout = { cell: CELL, enlarge: true, together: 3, ground: 40 };

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
    const { elements, extraction } = imagesMeta(images);
    return new ImageStrips(images, sessions, extraction?.roi_list ?? [elements ?? []].flat());
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
    const all = elementsOf(readSafetensors(await this.images.read(path), path), path);
    const chosen = spread(all.length, MAX_ELEMENTS);
    const image = drawElements(chosen.map((element) => all[element]));
    return {
      participant,
      session,
      image: `data:image/png;base64,${image.toBase64()}`,
      elements: chosen.map((element) => this.names[element] ?? element),
    };
  }
}

/** Slices, whose shape has two axes, or volumes. @throws {DataError} when the file holds no images */
function elementsOf(file: Safetensors, path: string): TensorVolume[] {
  const { shape, data, dtype } = file.tensor("data");
  const optional = (name: string) => file.entries.has(name) ? file.tensor(name).data : undefined;
  const [shapes, affine] = ["shapes", "affine"].map(optional);
  const extents = shapes instanceof Int32Array
    ? Array.from({ length: shapes.length / 3 }, (_, i) => [...shapes.subarray(3 * i, 3 * i + 3)])
    : Array.from({ length: shape[0] }, () => shape.slice(2));
  const sizes = extents.map((extent) => extent.reduce((product, size) => product * size, 1));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const axes = extents[0]?.length ?? 0;
  if (!(data instanceof Float32Array) || axes < 2 || total !== data.length) {
    throw new DataError(path, `holds ${dtype} of [${shape}], not images`);
  }
  let end = 0;
  return extents.map((extent, i) => ({
    shape: extent,
    data: data.subarray(end, end += sizes[i]),
    ...(affine instanceof Float64Array && { affine }),
  }));
}

/** Slices side by side, or of each volume the three slices through its middle. */
function drawElements(elements: readonly TensorVolume[]): Uint8Array {
  if (elements[0].shape.length === 2) {
    const slices = elements.map(({ data, shape }) => slicePlane(data, shape));
    return drawPlanes([slices], SLICES);
  }
  const lines = Map.groupBy(elements.keys(), (index) => Math.floor(index / VOLUMES_A_LINE));
  return drawPlanes(
    [...lines.values()].map((line) => line.flatMap((index) => volumePlanes(elements[index]))),
    elements.length === 1 ? { ...VOLUMES, cell: LARGE_CELL } : VOLUMES,
  );
}

/** At most `count` of 0..length-1, evenly from the inside of the range. */
export function spread(length: number, count: number): number[] {
  const taken = Math.min(length, count);
  return Array.from({ length: taken }, (_, i) => Math.floor((i + 0.5) * length / taken));
}
