/** Attribution maps as `interpret.*` drew them. */
import type { AttributionSheet } from "./data.ts";
import type { RunArtifacts } from "./inputs.ts";

/** Bytes of pictures in a report. */
const BUDGET = 1_200_000;

export async function attributionSheets(artifacts: RunArtifacts): Promise<AttributionSheet[]> {
  const sheets: AttributionSheet[] = [];
  const entries = artifacts.finished((kind) => kind.startsWith("interpret."));
  const share = BUDGET / Math.max(1, entries.length);
  for (const entry of entries) {
    const figures: AttributionSheet["figures"] = [];
    let left = share;
    let more = 0;
    for (const name of Object.keys(entry.outputs ?? {})) {
      const artifact = artifacts.output(entry, name)!;
      for (const { path, size } of artifact.files) {
        if (!path.endsWith(".png")) continue;
        if (size > left) {
          more++;
          continue;
        }
        left -= size;
        const bytes = await artifact.read(path);
        figures.push({ path, image: `data:image/png;base64,${bytes.toBase64()}` });
      }
    }
    if (figures.length + more > 0) {
      sheets.push({ instance: entry.name, kind: entry.kind, figures, more });
    }
  }
  return sheets;
}
