/** Attribution maps as `interpret.*` drew them. */
import type { ArtifactFile } from "../workflow/step.ts";
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
  const entries = artifacts.finished((kind) => kind.startsWith("interpret."));
  for (const entry of entries) {
    const outputs = Object.keys(entry.outputs ?? {}).map((name) => artifacts.output(entry, name)!);
    const pictures = outputs.flatMap((artifact) =>
      artifact.files.filter(({ path }) => path.endsWith(".png")).map((file) => ({ artifact, file }))
    ).sort((a, b) => rank(a.file) - rank(b.file));
    if (pictures.length === 0) continue;
    const figures: AttributionSheet["figures"] = [];
    let left = BUDGET / entries.length;
    for (const { artifact, file: { path } } of pictures.slice(0, MOST_FIGURES)) {
      const png = shrunkPng(await artifact.read(path), SIDE);
      if (png.length > left) continue;
      left -= png.length;
      figures.push({ path, image: `data:image/png;base64,${png.toBase64()}` });
    }
    const more = pictures.length - figures.length;
    sheets.push({ instance: entry.name, kind: entry.kind, figures, more });
  }
  return sheets;
}

/** Maps of groups before those of participants. */
function rank({ path }: ArtifactFile): number {
  return /(^|\/)sub-[^/]*$/.test(path) ? 1 : 0;
}
