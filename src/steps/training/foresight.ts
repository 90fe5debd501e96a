/** What a train step can say of its tables and of its model before there are images. */
import type { Cell } from "../../formats/tsv.ts";
import type { Foreseen, ForesightContext, Json } from "../../workflow/step.ts";
import { readSessions, type Session } from "./samples.ts";
import {
  type ForeseenModel,
  guard,
  guarded,
  type Seen,
  seenBy,
  tables,
  targetsOf,
  type TrainingParams,
} from "./setup.ts";

export type ForeseenParams = Pick<
  TrainingParams,
  "label" | "label_code" | "diagnoses" | "baseline" | "valid_longitudinal" | "initial_weights"
>;

/** @throws {DataError} on labels that can't be trained on, and on leakage by participants */
export async function foreseeTraining(
  { params, inputs }: ForesightContext<ForeseenParams>,
  task: "classification" | "regression",
): Promise<Record<string, Json>> {
  const texts = await tables({ params, inputs });
  const read = (text: string, name: string) =>
    readSessions(text, `the ${name} table`, params.diagnoses);
  const training = read(texts.train, "training");
  const validation = read(texts.validation, "validation");
  const inherited = inputs.transfer && await seenBy(inputs.transfer as Foreseen);
  guard(training, validation, inherited?.table);
  const { labelCode, outputs } = targetsOf(params, task, training, validation);
  const model: ForeseenModel = {
    task,
    label: params.label,
    label_code: labelCode ?? {},
    output_size: outputs,
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
