/** The participants that the models were most sure about and wrong. */
import { predictionPath } from "../../artifacts/predictions.ts";
import { readTsv } from "../../formats/tsv.ts";
import { sessionKey } from "../../tables/identity.ts";
import type { Artifact } from "../../workflow/step.ts";
import type { CurrentInstance } from "../current_run.ts";
import type { MistakesData } from "../data.ts";
import type { RunArtifacts } from "../inputs.ts";
import type { StripsOf } from "./samples.ts";
import { rounded } from "../rounding.ts";

const WORST = 8;

interface Verdicts {
  participant: string;
  session: string;
  truth: string;
  group: string;
  entry: CurrentInstance;
  of: number;
  /** Sum of the probabilities that were given to wrong classes, right predictions included. */
  doubt: number;
  /** How often which class was predicted wrongly. */
  wrong: Map<string, number>;
}

/** Null when nothing was predicted that can be judged. */
export async function worstMistakes(
  artifacts: RunArtifacts,
  stripsOf: StripsOf,
): Promise<MistakesData | null> {
  const people = new Map<string, Verdicts>();
  const metrics = new Set<string>();
  for (const { entry, artifact } of artifacts.ofType("predictions")) {
    if (artifact.meta.task !== "classification") continue;
    const metric = [artifact.meta.selection_metrics ?? []].flat().map(String)[0];
    const path = predictionPath(metric, "image");
    if (!artifact.files.some((file) => file.path === path)) continue;
    metrics.add(metric);
    await collect(entry, artifact, path, people);
  }
  if (people.size === 0) return null;
  const wrong = [...people.values()].filter((verdicts) => verdicts.wrong.size > 0)
    .sort((a, b) => b.doubt / b.of - a.doubt / a.of);
  const worst = await Promise.all(
    wrong.slice(0, WORST).map(async (mistake) => {
      const images = artifacts.input(mistake.entry, "images");
      const strips = images && await stripsOf(images);
      const session = strips?.find(mistake.participant, mistake.session);
      return {
        participant: mistake.participant,
        session: mistake.session,
        truth: mistake.truth,
        predicted: mostOften(mistake.wrong),
        confidence: rounded(mistake.doubt / mistake.of, 4)!,
        wrongIn: [...mistake.wrong.values()].reduce((sum, count) => sum + count, 0),
        of: mistake.of,
        group: mistake.group,
        strip: session ? await strips!.strip(session) : null,
      };
    }),
  );
  return {
    about: `image level, networks selected by ${[...metrics].join(" or ")}`,
    wrong: wrong.length,
    participants: people.size,
    worst,
  };
}

async function collect(
  entry: CurrentInstance,
  artifact: Artifact,
  path: string,
  people: Map<string, Verdicts>,
): Promise<void> {
  const group = String(artifact.meta.data_group);
  const names = classNames(artifact);
  const { columns, rows } = readTsv(await artifact.read(path), path);
  const at = (name: string) => columns.indexOf(name);
  const [participant, session] = [at("participant_id"), at("session_id")];
  const [truth, predicted] = [at("true_label"), at("predicted_label")];
  for (const row of rows) {
    const label = row[predicted];
    if (row[truth] === null || label === null) continue;
    const id = `${group}\t${sessionKey(row[participant] ?? "", row[session] ?? "")}`;
    const verdicts = people.get(id) ?? {
      participant: row[participant] ?? "",
      session: row[session] ?? "",
      truth: names(row[truth]),
      group,
      entry,
      of: 0,
      doubt: 0,
      wrong: new Map<string, number>(),
    };
    people.set(id, verdicts);
    verdicts.of++;
    verdicts.doubt += 1 - Number(row[at(`proba${row[truth]}`)]);
    if (row[truth] === label) continue;
    verdicts.wrong.set(names(label), (verdicts.wrong.get(names(label)) ?? 0) + 1);
  }
}

/** Names of a node of the label code, joined where labels are the same. */
function classNames({ meta }: Artifact): (node: string) => string {
  const code = Object.entries(meta.label_code ?? {});
  return (node) =>
    code.filter(([, value]) => String(value) === node).map(([name]) => name).join("+") || node;
}

function mostOften(wrong: ReadonlyMap<string, number>): string {
  return [...wrong].reduce((a, b) => b[1] > a[1] ? b : a)[0];
}
