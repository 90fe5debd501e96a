/** Opens prepared tensors as an `images` artifact. */
import { cacheTensors, type ExtractedImage, imagesOutput } from "../../artifacts/images_output.ts";
import { DataError } from "../../errors.ts";
import { writeSafetensors } from "../../formats/safetensors.ts";
import { isTensor, type Tensor, toFloat32 } from "../../formats/tensor.ts";
import { decodeText } from "../../formats/text.ts";
import { readTorch } from "../../formats/torch_checkpoint.ts";
import { capsLayout } from "../../imaging/datasets/caps.ts";
import { type ImageProblem, throwProblems } from "../../imaging/datasets/dataset.ts";
import { extract, type Recipe } from "../../imaging/extract/extraction.ts";
import {
  type ExtractionJson,
  parseExtractionJson,
} from "../../imaging/datasets/extraction_json.ts";
import { type Cohort, readSessionList } from "../../imaging/datasets/sessions.ts";
import { findTensors, type TensorFiles } from "../../imaging/datasets/tensor_files.ts";
import type { Blob, Json, StepContext, StepOutput } from "../../workflow/step.ts";

type Context = StepContext<unknown>;

/**
 * @param name of the JSON in each cohort's `tensor_extraction`
 * @throws {DataError} listing every session whose tensors are missing or can't be read
 */
export async function openTensors(
  context: Context,
  cohorts: readonly Cohort[],
  name: string,
): Promise<StepOutput> {
  const images: ExtractedImage[] = [];
  let shared: ExtractionJson | undefined;
  for (const { name: cohort, root, list } of cohorts) {
    capsLayout.checkRoot(root);
    const path = `${root}/tensor_extraction/${name.replace(/\.json$/, "")}.json`;
    const text = decodeText(await context.get(await context.external(path)), path);
    const json = parseExtractionJson(text, path);
    if (shared !== undefined && JSON.stringify(json) !== JSON.stringify(shared)) {
      throw new DataError(path, "describes another extraction than that of the other cohorts");
    }
    shared = json;
    const wanted = list === undefined ? undefined : readSessionList(list).sessions;
    const { sessions, problems } = findTensors(root, json, wanted);
    for (const session of sessions) {
      context.signal.throwIfAborted();
      try {
        images.push(await openSession(context, root, cohort, session, json));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        problems.push({ ...session, problem: error.message } satisfies ImageProblem);
      }
    }
    throwProblems(problems, root);
    if (sessions.length === 0) throw new DataError(root, `no tensors of ${name} found`);
  }
  // The files are what there is.
  const { num_slices: _, own_slices: __, ...json } = shared!;
  return imagesOutput(images, {
    mode: json.mode,
    channels: json.mode === "slice" && json.slice_mode === "rgb" ? 3 : 1,
    json: { ...json, prepare_dl: true },
  });
}

async function openSession(
  context: Context,
  root: string,
  cohort: string,
  session: TensorFiles,
  json: ExtractionJson,
): Promise<ExtractedImage> {
  const blobs: Blob[] = [];
  for (const path of session.paths) blobs.push(await context.external(`${root}/${path}`));
  const { file_type: _, extract_json: __, ...cut } = json;
  const key = {
    tensors: blobs.map(({ digest }) => digest),
    elements: session.elements ?? null,
    cut: cut as unknown as Json,
  };
  const { tensors, layout } = await cacheTensors(context, key, async () => {
    const files: Tensor[] = [];
    for (const [i, blob] of blobs.entries()) {
      const value = readTorch(await context.get(blob), session.paths[i]);
      if (!isTensor(value)) throw new DataError(session.paths[i], "holds no single tensor");
      files.push(value);
    }
    const bytes = session.elements === undefined
      ? cutImage(files, session, json)
      : stackElements(files, session, session.elements);
    return { bytes, facts: {} };
  });
  const { participant, session: id, stem } = session;
  return {
    participant,
    session: id,
    cohort,
    stem,
    // The digest of the image is not known: that of its tensors replaces it.
    digest: blobs.length === 1 ? blobs[0].digest : tensors.digest,
    tensors,
    layout,
  };
}

const IDENTITY = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);

/** Elements as stored, each reduced to its first channel: rgb repeats one. */
function stackElements(
  files: readonly Tensor[],
  { paths }: TensorFiles,
  elements: readonly number[],
): Uint8Array<ArrayBuffer> {
  const shape = files[0].shape.slice(1);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const data = new Float32Array(files.length * size);
  files.forEach((file, i) => {
    if (file.shape.slice(1).join() !== shape.join()) {
      throw new DataError(
        paths[i],
        `has shape ${file.shape.join(" x ")}, the first ${files[0].shape.join(" x ")}`,
      );
    }
    data.set(withoutNaN(toFloat32(file).subarray(0, size), paths[i]), i * size);
  });
  return tensorFile([files.length, 1, ...shape], data, elements);
}

/** An uncut image of shape [1, x, y, z], last axis fastest, cut as the JSON describes. */
function cutImage(
  [file]: readonly Tensor[],
  { paths: [path] }: TensorFiles,
  json: ExtractionJson,
): Uint8Array<ArrayBuffer> {
  if (file.shape.length !== 4 || file.shape[0] !== 1) {
    throw new DataError(
      path,
      `has shape ${file.shape.join(" x ")}, not 1 x depth x height x width`,
    );
  }
  if (json.mode === "roi") {
    throw new DataError(
      path,
      "regions are cut when loaded here (prepare_dl is false): use caps.open and extract.rois",
    );
  }
  const [, x, y, z] = file.shape;
  const stored = toFloat32(file);
  const voxels = new Float32Array(stored.length);
  for (let i = 0, at = 0; i < x; i++) {
    for (let j = 0; j < y; j++) {
      for (let k = 0; k < z; k++) voxels[i + x * (j + y * k)] = stored[at++];
    }
  }
  const volume = {
    shape: [x, y, z],
    voxels,
    slope: 1,
    intercept: 0,
    affine: IDENTITY,
    type: "float32",
  } as const;
  const { data, shape, elements } = extract(volume, recipeOf(json), new Map(), path);
  return tensorFile(shape, data, elements);
}

function recipeOf(json: ExtractionJson): Recipe {
  switch (json.mode) {
    case "slice":
      return {
        mode: "slice",
        slice_direction: json.slice_direction!,
        discarded_slices: json.discarded_slices!,
      };
    case "patch":
      return { mode: "patch", patch_size: json.patch_size!, stride_size: json.stride_size! };
    default:
      return { mode: "image" };
  }
}

function withoutNaN(data: Float32Array, path: string): Float32Array {
  return data.map((value) => {
    if (Number.isFinite(value)) return value;
    if (Number.isNaN(value)) return 0;
    throw new DataError(path, "the tensor has infinite values");
  });
}

/** Without an affine: tensors have none. */
function tensorFile(
  shape: readonly number[],
  data: Float32Array<ArrayBuffer>,
  elements: readonly number[],
): Uint8Array<ArrayBuffer> {
  return writeSafetensors({
    data: { dtype: "float32", shape, data },
    elements: { dtype: "int32", shape: [elements.length], data: Int32Array.from(elements) },
  });
}
