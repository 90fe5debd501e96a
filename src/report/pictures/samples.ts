/** Contact sheets: what the network sees, by class. */
import { readLabelsText } from "../../artifacts/labels.ts";
import { readTsv } from "../../formats/tsv.ts";
import { sessionKey } from "../../tables/identity.ts";
import type { Artifact } from "../../workflow/step.ts";
import type { SampleSheet } from "../data.ts";
import type { RunArtifacts } from "../inputs.ts";
import { type ImageStrips, type Session, spread } from "./strips.ts";

/** Sessions of a class. */
const STRIPS = 4;
/** Extractions of a run that are shown. */
const SHEETS = 3;
const MAX_CLASSES = 8;

export type StripsOf = (images: Artifact) => Promise<ImageStrips>;

export async function contactSheets(
  artifacts: RunArtifacts,
  stripsOf: StripsOf,
): Promise<SampleSheet[]> {
  const classes = await classesOf(artifacts);
  const sheets: SampleSheet[] = [];
  for (const { entry, artifact } of artifacts.ofType("images").slice(0, SHEETS)) {
    const strips = await stripsOf(artifact);
    const byClass = new Map<string, Session[]>();
    for (const session of strips.sessions) {
      const known = classes.get(sessionKey(session.participant, session.session));
      // People without a label are no class, unless nobody has one.
      if (known === undefined && classes.size > 0) continue;
      const name = known ?? "all";
      byClass.set(name, [...byClass.get(name) ?? [], session]);
    }
    const shown = [...byClass].sort(([a], [b]) => a < b ? -1 : 1).slice(0, MAX_CLASSES);
    sheets.push({
      instance: entry.name,
      mode: String(artifact.meta.mode ?? ""),
      classes: await Promise.all(shown.map(async ([name, sessions]) => ({
        name,
        total: sessions.length,
        strips: await Promise.all(
          spread(sessions.length, STRIPS).map((index) => strips.strip(sessions[index])),
        ),
      }))),
    });
  }
  return sheets;
}

/** Class of each session by `sessionKey`: a model's label, else the diagnosis. */
async function classesOf(artifacts: RunArtifacts): Promise<Map<string, string>> {
  const label = artifacts.ofType("model").map(({ artifact }) => artifact.meta)
    .find((meta) => meta.task === "classification")?.label ?? "diagnosis";
  const classes = new Map<string, string>();
  for (const type of ["participants", "labels"]) {
    for (const { artifact } of artifacts.ofType(type)) {
      const { columns, rows } = readTsv(await readLabelsText(artifact), `table of ${type}`);
      const at = columns.indexOf(String(label));
      if (at < 0) continue;
      const [participant, session] = ["participant_id", "session_id"].map((name) =>
        columns.indexOf(name)
      );
      for (const row of rows) {
        const name = row[at];
        if (name !== null) {
          classes.set(sessionKey(row[participant] ?? "", row[session] ?? ""), name);
        }
      }
    }
  }
  return classes;
}
