/** Runs as rows of a table: state, parameters, and the metrics of the main result. */
import type { RunRecord } from "../../engine/run/run_folder.ts";
import type { Store } from "../../engine/store/store.ts";
import type { RunRow } from "../runs_data.ts";
import { runStatus } from "../current_run.ts";
import { evaluationsOf } from "../evaluations.ts";
import { type MainGroup, mainGroup } from "../main_result.ts";
import { differingParameters } from "./run_parameters.ts";

/** Main results of runs that have ended, by id: they change no more. */
export type MainResults = Map<string, MainGroup | undefined>;

/**
 * @param known main results that were read before; receives others
 * @returns rows in the order of the records, and the names of parameters that differ between them
 */
export async function runRows(
  store: Store,
  records: readonly RunRecord[],
  known: MainResults = new Map(),
): Promise<{ rows: RunRow[]; parameters: string[] }> {
  const differing = differingParameters(records);
  const rows = await Promise.all(records.map(async (record, index): Promise<RunRow> => {
    const main = known.has(record.id)
      ? known.get(record.id)
      : mainGroup(await evaluationsOf(store, record));
    if (record.status !== "running") known.set(record.id, main);
    return {
      id: record.id,
      workflow: record.workflow.name,
      status: runStatus(store, record),
      started: record.started,
      seconds: record.seconds ?? null,
      parameters: Object.fromEntries(
        differing.flatMap(({ name, values }) =>
          values[index] === undefined ? [] : [
            [name, values[index]],
          ]
        ),
      ),
      main: main === undefined ? null : { metric: main.metric, instance: main.instance },
      metrics: main?.group.pooled.metrics ?? {},
      confidence: main?.confidence ?? null,
    };
  }));
  return { rows, parameters: differing.map(({ name }) => name) };
}
