/** Finds the `.pt` files that an extraction left in a CAPS. */
import { filesBelow } from "../../disk/folders.ts";
import { sessionKey } from "../../tables/identity.ts";
import { TENSOR_FOLDER } from "./caps.ts";
import { directories, type ImageProblem, type SessionKey } from "./dataset.ts";
import { type ExtractionJson, tensorFolder } from "./extraction_json.ts";

/** The tensor files of one session, in the order of their elements. */
export interface TensorFiles extends SessionKey {
  /** Stem of the image that they were cut from, if the file names hold it. */
  stem: string;
  /** Below the CAPS. */
  paths: string[];
  /** Ids of the elements; undefined where the file is the uncut image. */
  elements?: number[];
}

/** What a folder of tensors holds. */
export interface FoundTensors {
  sessions: TensorFiles[];
  /** Sessions that were not asked for by name and have no such tensors. */
  without: SessionKey[];
  problems: ImageProblem[];
}

interface TensorFile {
  path: string;
  stem: string;
  element: number;
}

/** Parts of an element's file name: the image's stem and the element's id. */
type NameParser = (name: string) => Omit<TensorFile, "path"> | undefined;

/**
 * The files of images that the JSON's pattern fits: one folder may hold those of several extractions.
 *
 * @param wanted sessions that must have tensors; all that have some when absent
 */
export function findTensors(
  root: string,
  json: ExtractionJson,
  wanted?: readonly SessionKey[],
): FoundTensors {
  const uncut = json.mode === "image" || !json.prepare_dl;
  const folder = tensorFolder(json, uncut ? "image" : json.mode);
  const parse = uncut ? imageParser(json) : elementParser(json);
  const found: FoundTensors = { sessions: [], without: [], problems: [] };
  const keyOf = ({ participant, session }: SessionKey) => sessionKey(participant, session);
  const missing = new Map(wanted?.map((key) => [keyOf(key), key]));
  for (const participant of directories(`${root}/subjects`)) {
    for (const session of directories(`${root}/subjects/${participant}`)) {
      const key = { participant, session };
      if (wanted !== undefined && !missing.delete(keyOf(key))) continue;
      const files = listTensors(root, `subjects/${participant}/${session}`, folder, parse);
      const problem = files.length === 0 ? undefined : ambiguity(files);
      if (problem !== undefined) found.problems.push({ ...key, problem });
      else if (files.length > 0) {
        found.sessions.push({
          ...key,
          stem: files[0].stem,
          paths: files.map(({ path }) => path),
          ...(uncut ? {} : { elements: files.map(({ element }) => element) }),
        });
      } else if (wanted === undefined) found.without.push(key);
      else missing.set(keyOf(key), key);
    }
  }
  for (const key of missing.values()) {
    found.problems.push({ ...key, problem: `no tensors in ${folder}` });
  }
  return found;
}

/** In the order of their elements. */
function listTensors(
  root: string,
  session: string,
  folder: string,
  parse: NameParser,
): TensorFile[] {
  if (!directories(`${root}/${session}`).includes(TENSOR_FOLDER)) return [];
  return filesBelow(root, `${session}/${TENSOR_FOLDER}`)
    .filter((path) => path.startsWith(`${session}/${folder}/`))
    .flatMap((path) => {
      const parsed = parse(path.slice(path.lastIndexOf("/") + 1));
      return parsed ? [{ path, ...parsed }] : [];
    })
    .sort((a, b) => a.element - b.element);
}

/** Why the files are not those of one image. */
function ambiguity(files: readonly TensorFile[]): string | undefined {
  const stems = new Set(files.map(({ stem }) => stem));
  if (stems.size > 1) return `tensors of several images: ${[...stems].join(", ")}`;
  const twice = files.find(({ element }, i) => i > 0 && files[i - 1].element === element);
  if (twice === undefined) return undefined;
  const paths = files.filter(({ element }) => element === twice.element).map(({ path }) => path);
  return `several tensors of one element: ${paths.join(", ")}`;
}

/**
 * The pattern of the images as an expression of their tensors' names, which end in `.pt`.
 *
 * @param partOf the part of a name that is compared
 */
function tensorExpression(
  { file_type }: ExtractionJson,
  partOf = (name: string) => name,
): RegExp {
  const name = file_type.pattern.replace(/^.*\//, "").replace(/\.nii(\.gz|\*)?$/, "");
  const source = partOf(`${name}.pt`).replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "i");
}

function imageParser(json: ExtractionJson): NameParser {
  const expression = tensorExpression(json);
  return (name) =>
    expression.test(name) ? { stem: name.slice(0, -".pt".length), element: 0 } : undefined;
}

function elementParser(json: ExtractionJson): NameParser {
  if (json.mode === "roi") return regionParser(json);
  const axis = ["sag", "cor", "axi"][json.slice_direction ?? 0];
  const middle = json.mode === "slice"
    ? `_axis-${axis}_channel-${json.slice_mode}_slice-`
    : `_patchsize-${json.patch_size}_stride-${json.stride_size}_patch-`;
  const expression = new RegExp(`^(.+)${middle}(\\d+)_([^_]+)\\.pt$`);
  const image = tensorExpression(json);
  return (name) => {
    const match = expression.exec(name);
    if (match === null) return undefined;
    const stem = `${match[1]}_${match[3]}`;
    return image.test(`${stem}.pt`) ? { stem, element: Number(match[2]) } : undefined;
  };
}

/** The name of the image is not in the region's: only its session and its suffix are. */
function regionParser(json: ExtractionJson): NameParser {
  const expression =
    /^(sub-[^_]+(?:_ses-[^_]+)?)_(?:T1w_)?space-[^_]+_((?:.+_)?)roi-([^_]+)_([^_]+)\.pt$/;
  const image = tensorExpression(json, (name) => name.slice(name.lastIndexOf("_") + 1));
  const cropped = json.uncropped_roi !== true;
  return (name) => {
    const match = expression.exec(name);
    if (match === null) return undefined;
    const [, session, description, roi, suffix] = match;
    const element = json.roi_list!.indexOf(roi);
    const fits = element >= 0 && image.test(`${suffix}.pt`) &&
      description.split("_").includes("desc-CropRoi") === cropped;
    return fits ? { stem: `${session}_${suffix}`, element } : undefined;
  };
}
