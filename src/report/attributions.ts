/** Attribution maps as `interpret.*` drew them. */
import { readSafetensors } from "../formats/safetensors.ts";
import type { Artifact, ArtifactFile } from "../workflow/step.ts";
import type { AttributionSheet } from "./data.ts";
import type { RunArtifacts } from "./inputs.ts";
import { shrunkPng } from "./shrink.ts";

/** Bytes of all pictures in a report. */
const BUDGET = 1_500_000;
/** Pictures of an instance. */
const MOST_FIGURES = 8;
/** Pixels. */
const SIDE = 1100;

export async function attributionSheets(artifacts: RunArtifacts): Promise<AttributionSheet[]> {
  const sheets: AttributionSheet[] = [];
  const found = artifacts.ofType("attribution");
  for (const { entry, artifact } of found) {
    const { meta } = artifact;
    const pictures = picturesOf(artifact);
    const figures: AttributionSheet["figures"] = [];
    let left = BUDGET / found.length;
    for (const { file: { path }, metric, of, node } of pictures.slice(0, MOST_FIGURES)) {
      const png = shrunkPng(await artifact.read(path), SIDE);
      if (png.length > left) continue;
      left -= png.length;
      figures.push({
        of: node === undefined ? of : `true ${className(artifact, node)}`,
        selectionMetric: metric,
        isEmpty: await isEmpty(artifact, path.replace(/png$/, "safetensors")),
        image: `data:image/png;base64,${png.toBase64()}`,
      });
    }
    sheets.push({
      instance: entry.name,
      kind: entry.kind,
      method: meta.method === "gradients" ? "gradients" : "grad-cam",
      target: className(artifact, String(meta.target_node)),
      level: typeof meta.level === "string" ? meta.level : null,
      dataGroup: String(meta.data_group),
      figures,
      more: pictures.length - figures.length,
    });
  }
  return sheets;
}

interface Picture {
  file: ArtifactFile;
  metric: string;
  /** Whose maps: everyone, or one session. */
  of: string;
  /** Of a class's mean. */
  node?: string;
  rank: number;
}

/** Means of everyone, then of each class, then maps of participants; in the order of the metrics. */
function picturesOf({ files, meta }: Artifact): Picture[] {
  const metrics = [meta.selection_metrics ?? []].flat().map(String);
  return files.flatMap((file): Picture[] => {
    const match = file.path.match(/^([^/]+)\/(?:class-(\d+)\/|individual\/)?(.*)_map\.png$/);
    if (!match) return [];
    const [, metric, node, name] = match;
    const isMean = name === "mean";
    return [{
      file,
      metric,
      of: isMean ? "everyone" : name.replace("_", " "),
      ...(node !== undefined && { node }),
      rank: isMean ? 0 : metrics.length + 1,
    }];
  }).sort((a, b) =>
    a.rank - b.rank || metrics.indexOf(a.metric) - metrics.indexOf(b.metric) ||
    Number(a.node ?? -1) - Number(b.node ?? -1)
  );
}

/** Of Grad-CAM, when nothing speaks for the class. */
async function isEmpty(artifact: Artifact, path: string): Promise<boolean> {
  if (!artifact.files.some((file) => file.path === path)) return false;
  const { data } = readSafetensors(await artifact.read(path), path).tensor("maps");
  return data.every((value) => value === 0);
}

/** Name of an output node; that of a regression is the label's. */
function className({ meta }: Artifact, node: string): string {
  if (meta.task === "regression") return String(meta.label);
  const code = Object.entries(meta.label_code ?? {});
  const names = code.filter(([, value]) => String(value) === node).map(([name]) => name);
  return names.join("+") || `node ${node}`;
}
