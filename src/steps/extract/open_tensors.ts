/** Opens prepared tensors as an `images` artifact. */
import { cacheTensors, type ExtractedImage, imagesOutput } from "../../artifacts/images_output.ts";
import { DataError } from "../../errors.ts";
import { isTensor, type Tensor } from "../../formats/tensor.ts";
import { decodeText } from "../../formats/text.ts";
import { readTorch } from "../../formats/torch_checkpoint.ts";
import { capsLayout } from "../../imaging/datasets/caps.ts";
import { filesBelow } from "../../disk/folders.ts";
import { type ImageProblem, sessionName, throwProblems } from "../../imaging/datasets/dataset.ts";
import {
  type ExtractionJson,
  parseExtractionJson,
} from "../../imaging/datasets/extraction_json.ts";
import { type Cohort, readSessionList } from "../../imaging/datasets/sessions.ts";
import { findMasks, maskQuery } from "../../imaging/datasets/masks.ts";
import { findTensors, type TensorFiles } from "../../imaging/datasets/tensor_files.ts";
import { readMasks } from "../../imaging/extract/extract_file.ts";
import { nameSome } from "../../tables/session_table.ts";
import type { Blob, Json, StepContext, StepOutput } from "../../workflow/step.ts";
import { assembleTensors, type RegionMasks } from "./prepared_tensors.ts";

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
    const { sessions, without, problems } = findTensors(root, json, wanted);
    const masks = await loadMasks(context, root, json);
    for (const session of sessions) {
      context.signal.throwIfAborted();
      try {
        images.push(await openSession(context, session, { root, cohort, json, masks }));
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        problems.push({ ...session, problem: error.message } satisfies ImageProblem);
      }
    }
    throwProblems(problems, root);
    if (sessions.length === 0) throw new DataError(root, `no tensors of ${name} found`);
    if (without.length > 0) {
      context.warn(
        `${root}: ${without.length} session(s) have no tensors of ${name} and are left out: ` +
          nameSome(without.map(sessionName)),
      );
    }
  }
  if (shared!.own_slices !== true) checkElements(images);
  // The files are what there is.
  const { num_slices: _, own_slices: __, ...json } = shared!;
  return imagesOutput(images, {
    mode: json.mode,
    channels: json.mode === "slice" && json.slice_mode === "rgb" ? 3 : 1,
    json: { ...json, prepare_dl: true },
  });
}

/** The masks of regions that ClinicaDL cuts when it loads images, and so are cut here. */
async function loadMasks(
  context: Context,
  root: string,
  json: ExtractionJson,
): Promise<RegionMasks> {
  if (json.mode !== "roi" || json.prepare_dl) return { digests: [], masks: new Map() };
  const { roi_list = [], roi_custom_template, roi_custom_mask_pattern, use_uncropped_image } = json;
  const paths = findMasks(
    filesBelow(root, "masks"),
    maskQuery({
      roi_list,
      // ClinicaDL writes "" where none was given.
      roi_custom_template: roi_custom_template || undefined,
      roi_custom_mask_pattern: roi_custom_mask_pattern || undefined,
    }, use_uncropped_image),
    `${root}/masks`,
  );
  const files = await Promise.all(paths.map(async (path, i) => {
    const blob = await context.external(`${root}/${path}`);
    return { digest: blob.digest, roi: roi_list[i], subject: path, bytes: await context.get(blob) };
  }));
  return { digests: files.map(({ digest }) => digest), masks: readMasks(files) };
}

/** @throws {DataError} naming the sessions whose elements are others than the first one's */
function checkElements(images: readonly ExtractedImage[]): void {
  const [{ layout: { elements } }] = images;
  const others = images.filter(({ layout }) => layout.elements.join() !== elements.join());
  if (others.length === 0) return;
  const names = others.map((image) => {
    const ids = new Set(image.layout.elements);
    const missing = elements.filter((id) => !ids.delete(id));
    const list = (what: string, ids: readonly number[]) =>
      ids.length === 0 ? [] : [`${what} ${nameSome(ids.map(String))}`];
    return `${sessionName(image)} (${
      [...list("lacks", missing), ...list("has", [...ids])].join(", ")
    })`;
  });
  throw new DataError(
    "tensors",
    `all sessions have the same elements as ${sessionName(images[0])}, but not ${nameSome(names)}`,
  );
}

/** What the sessions of a cohort have in common. */
interface CohortTensors {
  root: string;
  cohort: string;
  json: ExtractionJson;
  masks: RegionMasks;
}

async function openSession(
  context: Context,
  session: TensorFiles,
  { root, cohort, json, masks }: CohortTensors,
): Promise<ExtractedImage> {
  const blobs: Blob[] = [];
  for (const path of session.paths) blobs.push(await context.external(`${root}/${path}`));
  const { file_type: _, extract_json: __, ...cut } = json;
  const key = {
    tensors: blobs.map(({ digest }) => digest),
    elements: session.elements ?? null,
    cut: cut as unknown as Json,
    masks: masks.digests,
  };
  const { tensors, layout } = await cacheTensors(context, key, async () => {
    const tensors: Tensor[] = [];
    for (const [i, blob] of blobs.entries()) {
      const value = readTorch(await context.get(blob), session.paths[i]);
      if (!isTensor(value)) throw new DataError(session.paths[i], "holds no single tensor");
      tensors.push(value);
    }
    return { bytes: assembleTensors(tensors, session, json, masks), facts: {} };
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
