/** What a train step can say of its tables and of its model before there are images. */
import type { Cell } from "../../formats/tsv.ts";
import type { Json, PreflightContext, PreflightInput } from "../../workflow/step.ts";
import { readSessions, type Session } from "../../artifacts/images.ts";
import { checkBeginning } from "./weights_source.ts";
import { checkTrunk } from "./backbone_check.ts";
import {
  type DeclaredModel,
  guard,
  guarded,
  type Seen,
  seenBy,
  tables,
  targetsOf,
  type TrainingParams,
} from "./setup.ts";

export type PreflightParams = Pick<
  TrainingParams,
  | "architecture"
  | "multi_network"
  | "label"
  | "label_code"
  | "diagnoses"
  | "selection_metrics"
  | "baseline"
  | "valid_longitudinal"
  | "initial_weights"
  | "transfer_selection_metric"
  | "nb_unfrozen_layer"
>;

/**
 * @throws {DataError} on labels that can't be trained on, leakage by participants, and weights of
 *   another architecture
 */
export async function preflightTraining(
  { params, inputs }: PreflightContext<PreflightParams>,
  task: "classification" | "regression",
): Promise<Record<string, Json>> {
  checkBeginning({ params, inputs });
  const texts = await tables({ params, inputs });
  const read = (text: string, name: string) =>
    readSessions(text, `the ${name} table`, params.diagnoses);
  const training = read(texts.train, "training");
  const validation = read(texts.validation, "validation");
  const inherited = inputs.transfer && await seenBy(inputs.transfer as PreflightInput);
  guard(training, validation, inherited?.table);
  const { labelCode, outputs } = targetsOf(params, task, training, validation);
  await checkTrunk(params, inputs.transfer as PreflightInput | undefined);
  const model: DeclaredModel = {
    task,
    architecture: params.architecture,
    multi_network: params.multi_network,
    label: params.label,
    label_code: labelCode ?? {},
    output_size: outputs,
    selection_metrics: params.selection_metrics,
    seen: seenThen(training, validation, inherited, params.initial_weights === undefined),
  };
  return { model: model as unknown as Json };
}

/** As `participants.tsv` of the model will have them, but for images. */
function seenThen(
  training: readonly Session[],
  validation: readonly Session[],
  inherited: Seen | undefined,
  known: boolean,
): Seen {
  const rows = (sessions: readonly Session[], role: string) =>
    guarded(sessions).map(({ participant, session, cohort }): Cell[] => [
      participant,
      session,
      cohort ?? null,
      role,
    ]);
  const columns = ["participant_id", "session_id", "cohort", "role"];
  const at = columns.map((column) => inherited?.table.columns.indexOf(column) ?? -1);
  const earlier = inherited?.table.rows.map((row) => at.map((index) => row[index] ?? null)) ?? [];
  return {
    table: {
      columns,
      rows: [
        ...rows(training, "train"),
        ...rows(validation, "validation"),
        ...earlier.map((row) => [...row.slice(0, 3), "other"]),
      ],
    },
    complete: known && (inherited?.complete ?? true),
  };
}
