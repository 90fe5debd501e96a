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

/** Parts of an element's file name: the image's stem and the element's id. */
type NameParser = (name: string) => { stem: string; element: number } | undefined;

/**
 * @param wanted sessions that must have tensors; all that have some when absent
 */
export function findTensors(
  root: string,
  json: ExtractionJson,
  wanted?: readonly SessionKey[],
): { sessions: TensorFiles[]; problems: ImageProblem[] } {
  const uncut = json.mode === "image" || !json.prepare_dl;
  const folder = tensorFolder(json, uncut ? "image" : json.mode);
  const parse = uncut ? imageParser(json) : elementParser(json);
  const sessions: TensorFiles[] = [];
  const problems: ImageProblem[] = [];
  const keyOf = ({ participant, session }: SessionKey) => sessionKey(participant, session);
  const missing = new Map(wanted?.map((key) => [keyOf(key), key]));
  for (const participant of directories(`${root}/subjects`)) {
    for (const session of directories(`${root}/subjects/${participant}`)) {
      const key = { participant, session };
      if (wanted !== undefined && !missing.has(keyOf(key))) continue;
      const base = `subjects/${participant}/${session}`;
      const found = directories(`${root}/${base}`).includes(TENSOR_FOLDER)
        ? filesBelow(root, `${base}/${TENSOR_FOLDER}`)
          .filter((path) => path.startsWith(`${base}/${folder}/`))
          .flatMap((path) => {
            const parsed = parse(path.slice(path.lastIndexOf("/") + 1));
            return parsed ? [{ path, ...parsed }] : [];
          })
          .sort((a, b) => a.element - b.element)
        : [];
      if (found.length === 0) continue;
      missing.delete(keyOf(key));
      const stems = new Set(found.map(({ stem }) => stem));
      if (stems.size > 1) {
        problems.push({ ...key, problem: `tensors of several images: ${[...stems].join(", ")}` });
        continue;
      }
      sessions.push({
        ...key,
        stem: found[0].stem,
        paths: found.map(({ path }) => path),
        ...(uncut ? {} : { elements: found.map(({ element }) => element) }),
      });
    }
  }
  for (const key of missing.values()) problems.push({ ...key, problem: `no tensors in ${folder}` });
  return { sessions, problems };
}

function imageParser(json: ExtractionJson): NameParser {
  const end = json.file_type.pattern.replace(/^.*\//, "").replace(/\.nii(\.gz|\*)?$/, ".pt");
  const source = end.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  const expression = new RegExp(`^${source}$`, "i");
  return (name) =>
    expression.test(name) ? { stem: name.slice(0, -".pt".length), element: 0 } : undefined;
}

function elementParser(json: ExtractionJson): NameParser {
  if (json.mode === "roi") {
    // The name of the image is not in the region's: only its suffix is.
    return (name) => {
      const match = /^(sub-[^_]+_ses-[^_]+)_.*_roi-([^_]+)_([^_]+)\.pt$/.exec(name);
      const element = match ? json.roi_list!.indexOf(match[2]) : -1;
      return element < 0 ? undefined : { stem: `${match![1]}_${match![3]}`, element };
    };
  }
  const axis = ["sag", "cor", "axi"][json.slice_direction ?? 0];
  const middle = json.mode === "slice"
    ? `_axis-${axis}_channel-${json.slice_mode}_slice-`
    : `_patchsize-${json.patch_size}_stride-${json.stride_size}_patch-`;
  const expression = new RegExp(`^(.+)${middle}(\\d+)_([^_]+)\\.pt$`);
  return (name) => {
    const match = expression.exec(name);
    return match ? { stem: `${match[1]}_${match[3]}`, element: Number(match[2]) } : undefined;
  };
}
