/** TensorBoard curves of a training, as ClinicaDL logs them: one point a row of `training.tsv`. */
import { type ScalarEvent, writeEvents } from "../formats/tensorboard.ts";
import { columnIndices, type Table } from "../formats/tsv.ts";

/** Column suffix of `training.tsv` and folder of `tensorboard/`. */
const SETS = [["_train", "train"], ["_valid", "validation"]] as const;

/**
 * Event files by folder. Steps count batches from the start of training; the wall time is the step,
 * because artifacts hold no times.
 */
export function tensorboardCurves(training: Table): Map<string, Uint8Array<ArrayBuffer>> {
  const at = columnIndices(training, ["epoch", "iteration"], "training.tsv");
  const batches =
    training.rows.reduce((most, row) => Math.max(most, Number(row[at.iteration])), 0) +
    1;
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [suffix, folder] of SETS) {
    const events: ScalarEvent[] = [];
    for (const row of training.rows) {
      const step = Number(row[at.epoch]) * batches + Number(row[at.iteration]);
      training.columns.forEach((column, i) => {
        if (!column.endsWith(suffix) || row[i] === null) return;
        const tag = column.slice(0, -suffix.length);
        events.push({ tag, step, value: Number(row[i]), wallTime: step });
      });
    }
    files.set(`${folder}/events.out.tfevents.0.gyrus`, writeEvents(0, events));
  }
  return files;
}
