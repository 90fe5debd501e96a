/** `evaluation` artifacts: metrics and curves of predictions, for the report. */
import type { Evaluation } from "../evaluation/evaluate.ts";
import { OWN_LIMITS, parseJson } from "../json.ts";
import type { Artifact } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";

export type EvaluationMeta = Pick<Evaluation, "task">;

const FILE = "evaluation.json";

export function evaluationOutput(evaluation: Evaluation) {
  const meta: EvaluationMeta = { task: evaluation.task };
  return { meta, files: { [FILE]: JSON.stringify(evaluation) } };
}

/** NaN and infinite numbers were stored as null. */
export async function readEvaluation(artifact: Pick<Artifact, "readText">): Promise<Evaluation> {
  return parseJson(await artifact.readText(FILE), FILE, OWN_LIMITS) as Evaluation;
}

export const evaluationType: ArtifactType = {
  type: "evaluation",
  // Of a regression it has the pair of numbers of every person.
  privacy: (_, { task }) => task === "classification" ? "open" : "participants",
  files: [[
    FILE,
    "`Evaluation` of `src/evaluation/evaluate.ts`: metrics with intervals, confusion matrices, " +
    "curves, calibration and pairs of numbers of every fold",
  ]],
  meta: describeMeta<EvaluationMeta>({
    task: "`classification`, `regression` or `reconstruction`",
  }),
};
