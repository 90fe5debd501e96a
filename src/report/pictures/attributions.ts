/** Attribution maps as `interpret.*` drew them. */
import {
  type AttributionMeta,
  attributionMeta,
  mapsPath,
  parsePicturePath,
  type PictureSubject,
} from "../../artifacts/attribution.ts";
import { readMaps } from "../../artifacts/attribution_maps.ts";
import type { Artifact } from "../../workflow/step.ts";
import type { AttributionSheet } from "../data.ts";
import type { RunArtifacts } from "../inputs.ts";
import { shrunkPng } from "./shrink.ts";

/** Bytes of all pictures in a report. */
const MAX_BYTES = 1_500_000;
/** Pictures of an instance. */
const MAX_FIGURES = 8;
/** Width and height of a picture, at most; pixels. */
const MAX_PNG_SIDE = 1100;

export async function attributionSheets(artifacts: RunArtifacts): Promise<AttributionSheet[]> {
  const sheets: AttributionSheet[] = [];
  const found = artifacts.ofType("attribution");
  for (const { entry, artifact } of found) {
    const meta = metaOf(artifact);
    const pictures = picturesOf(artifact);
    const figures: AttributionSheet["figures"] = [];
    let left = MAX_BYTES / found.length;
    for (const { path, stem, selectionMetric, image, node } of pictures.slice(0, MAX_FIGURES)) {
      const png = shrunkPng(await artifact.read(path), MAX_PNG_SIDE);
      if (png.length > left) continue;
      left -= png.length;
      figures.push({
        of: node !== undefined
          ? `true ${className(meta, node)}`
          : image?.replace("_", " ") ?? "everyone",
        selectionMetric,
        isEmpty: await isEmpty(artifact, stem),
        image: `data:image/png;base64,${png.toBase64()}`,
      });
    }
    sheets.push({
      instance: entry.name,
      kind: entry.kind,
      method: meta.method ?? "grad-cam",
      target: className(meta, Number(meta.target_node)),
      level: meta.level ?? null,
      mode: meta.mode ?? "slice",
      dataGroup: String(meta.data_group),
      figures,
      more: pictures.length - figures.length,
    });
  }
  return sheets;
}

/** A user's step may leave fields out. */
function metaOf(artifact: Artifact): Partial<AttributionMeta> {
  return attributionMeta(artifact);
}

interface Picture extends PictureSubject {
  path: string;
}

/** Means of everyone, then of each class, then maps of participants; in the order of the metrics. */
function picturesOf(artifact: Artifact): Picture[] {
  const metrics = metaOf(artifact).selection_metrics ?? [];
  const rank = ({ image }: Picture) => image === undefined ? 0 : 1;
  return artifact.files.flatMap(({ path }): Picture[] => {
    const subject = parsePicturePath(path);
    return subject ? [{ ...subject, path }] : [];
  }).sort((a, b) =>
    rank(a) - rank(b) ||
    metrics.indexOf(a.selectionMetric) - metrics.indexOf(b.selectionMetric) ||
    (a.node ?? -1) - (b.node ?? -1)
  );
}

/** Of Grad-CAM, when no region increases the logit. */
async function isEmpty(artifact: Artifact, stem: string): Promise<boolean> {
  if (!artifact.files.some(({ path }) => path === mapsPath(stem))) return false;
  const { maps } = await readMaps(artifact, stem);
  return maps.every((value) => value === 0);
}

/** Name of an output node; that of a regression is the label's. */
function className(
  { task, label, label_code = {} }: Partial<AttributionMeta>,
  node: number,
): string {
  if (task === "regression") return String(label);
  const names = Object.keys(label_code).filter((name) => label_code[name] === node);
  return names.join("+") || `node ${node}`;
}
