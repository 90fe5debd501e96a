/** How images were registered to the template: their measures, and the pictures of the worst. */
import { type HeadQuality, qualityMeta, readQuality } from "../../artifacts/quality.ts";
import { SINGLE_COHORT } from "../../tables/identity.ts";
import type { Artifact } from "../../workflow/step.ts";
import type { RegistrationData } from "../data.ts";
import type { RunArtifacts } from "../inputs.ts";
import { rounded } from "../rounding.ts";

const MAX_ROWS = 20;

/** Outliers come first, then the others, those of the lowest mutual information first. */
export async function describeRegistrations(artifacts: RunArtifacts): Promise<RegistrationData[]> {
  return await Promise.all(
    artifacts.ofType("quality").map(async ({ entry, artifact }): Promise<RegistrationData> => {
      const failures: string[] = [];
      const rows: RegistrationData["rows"] = [];
      for (const head of await readQuality(artifact)) {
        const { measures, outlier, reason } = head;
        if (measures === undefined) failures.push(`${nameOf(head)}: ${reason}`);
        else rows.push({ head: nameOf(head), measures: roundAll(measures), outlier, reason });
      }
      rows.sort((a, b) =>
        Number(b.outlier) - Number(a.outlier) ||
        a.measures.mutual_information! - b.measures.mutual_information!
      );
      return {
        instance: entry.name,
        ...qualityMeta(artifact),
        failures: failures.slice(0, MAX_ROWS),
        rows: rows.slice(0, MAX_ROWS),
        sheets: await contactSheets(artifacts, artifact),
      };
    }),
  );
}

function nameOf({ participant, session, cohort }: HeadQuality): string {
  return [participant, session, ...cohort === SINGLE_COHORT ? [] : [cohort]].join(" ");
}

function roundAll(measures: Readonly<Record<string, number>>): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(measures).map(([name, value]) => [name, rounded(value)]),
  );
}

/** Of the steps that drew these images. */
async function contactSheets(artifacts: RunArtifacts, quality: Artifact): Promise<string[]> {
  const sheets: string[] = [];
  for (const entry of artifacts.finished((kind) => kind === "preprocess.figure")) {
    if (artifacts.input(entry, "quality")?.digest !== quality.digest) continue;
    const sheet = artifacts.output(entry, "contact_sheet");
    if (sheet === undefined) continue;
    const png = await sheet.read(sheet.files[0].path);
    sheets.push(`data:image/png;base64,${png.toBase64()}`);
  }
  return sheets;
}
