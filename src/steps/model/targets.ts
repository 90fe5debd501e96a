/** What networks are trained to predict: nodes of a categorical label, or numbers. */
import type { LabelCode } from "../../artifacts/model.ts";
import { DataError } from "../../errors.ts";
import type { Session } from "../../artifacts/images.ts";

/** What becomes of a session without a label: an error, or NaN as its target. */
export type MissingLabels = "refuse" | "nan";

/** @returns null where the cell is empty */
function readCell(session: Session, label: string, subject: string): string | null {
  if (!Object.hasOwn(session.row, label)) {
    throw new DataError(
      subject,
      `no column "${label}"; the table has ${Object.keys(session.row).join(", ")}`,
    );
  }
  return session.row[label];
}

function readLabel(session: Session, label: string, subject: string): string {
  const value = readCell(session, label, subject);
  if (value === null) {
    throw new DataError(`${session.participant} ${session.session}`, `its ${label} is missing`);
  }
  return value;
}

/**
 * The given code, checked, or else 0, 1, ... for the sorted labels of the training set.
 *
 * @throws {DataError} when a label has no code or fewer than two nodes are used
 */
export function resolveLabelCode(
  training: readonly Session[],
  label: string,
  given: LabelCode | undefined,
  subject: string,
): LabelCode {
  const values = [...new Set(training.map((sample) => readLabel(sample, label, subject)))].sort();
  const code = given ?? Object.fromEntries(values.map((value, i) => [value, i]));
  const uncoded = values.filter((value) => !Object.hasOwn(code, value));
  if (uncoded.length > 0) {
    throw new DataError(subject, `label_code has no node for ${label} ${uncoded.join(", ")}`);
  }
  const nodes = new Set(values.map((value) => code[value]));
  if (nodes.size < 2) {
    throw new DataError(
      subject,
      `${label} has one class only (${values.join(", ")}); a classification needs two`,
    );
  }
  const size = Math.max(...Object.values(code)) + 1;
  for (let node = 0; node < size; node++) {
    if (!nodes.has(node)) {
      throw new DataError(subject, `no training session has a label of node ${node}`);
    }
  }
  return code;
}

/** Number of output nodes of a code. */
export function outputSize(code: LabelCode): number {
  return Math.max(...Object.values(code)) + 1;
}

/**
 * Node of each sample.
 *
 * @param options `missing` labels; whether `everyClass` must occur
 * @throws {DataError} on a label without a node, or a node without a sample
 */
export function encodeLabels(
  samples: readonly Session[],
  label: string,
  code: LabelCode,
  subject: string,
  options: { everyClass: boolean; missing: MissingLabels },
): Float32Array<ArrayBuffer> {
  const nodes = samples.map((sample) => {
    const value = options.missing === "nan"
      ? readCell(sample, label, subject)
      : readLabel(sample, label, subject);
    if (value === null) return NaN;
    if (!Object.hasOwn(code, value)) {
      throw new DataError(
        `${sample.participant} ${sample.session}`,
        `its ${label} "${value}" is none of those trained on (${Object.keys(code).join(", ")})`,
      );
    }
    return code[value];
  });
  if (options.everyClass) {
    const present = new Set(nodes);
    const empty = Object.entries(code).filter(([, node]) => !present.has(node));
    if (empty.length > 0) {
      throw new DataError(
        subject,
        `no session has ${label} ${empty.map(([name]) => name).join(" or ")}; ` +
          "use fewer folds or a stratified split",
      );
    }
  }
  return Float32Array.from(nodes);
}

/** Number of each sample. @throws {DataError} on a label that is no finite number */
export function numericTargets(
  samples: readonly Session[],
  label: string,
  subject: string,
  missing: MissingLabels = "refuse",
): Float32Array<ArrayBuffer> {
  return Float32Array.from(samples, (sample) => {
    const text = missing === "nan"
      ? readCell(sample, label, subject)
      : readLabel(sample, label, subject);
    if (text === null) return NaN;
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) {
      throw new DataError(
        `${sample.participant} ${sample.session}`,
        `its ${label} "${text}" is no number`,
      );
    }
    return value;
  });
}
