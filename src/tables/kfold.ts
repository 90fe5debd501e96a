/** Cross-validation: participants dealt to folds, alike in their classes. */
import { DataError } from "../errors.ts";
import { Random } from "../random.ts";
import { compareText } from "./identity.ts";
import { nameSome, type SessionTable } from "./session_table.ts";

export interface KfoldOptions {
  nSplits: number;
  seed: number;
  /** Column whose classes are distributed equally over the folds; undefined: none. */
  stratification?: string;
}

/** People of one fold by `personKey`, sorted. */
export interface Fold {
  train: string[];
  validation: string[];
}

/**
 * Assigns participants to folds: each is validated on exactly once, with all its sessions, and
 * both the size of folds and the count of every class in them are equal to within one. A
 * participant's class is that of the first session.
 *
 * @throws {DataError} when there are fewer participants than folds, or fewer in a class
 */
export function drawFolds(labels: SessionTable, options: KfoldOptions): Fold[] {
  const { nSplits } = options;
  const column = options.stratification === undefined
    ? undefined
    : labels.column(options.stratification);
  if (column !== undefined) labels.requireOrder("stratification by the first session");
  const classes = new Map<string, string[]>();
  for (const [participant, [row]] of labels.byPerson()) {
    const name = column === undefined ? "" : row[column] ?? "n/a";
    const members = classes.get(name);
    if (members) members.push(participant);
    else classes.set(name, [participant]);
  }
  checkSizes(labels, classes, options);

  const random = new Random(options.seed, "split.kfold");
  const foldOf = new Map<string, number>();
  // Assigning continues where the last class stopped, so that the folds' sizes differ by at most one.
  let next = 0;
  for (const name of [...classes.keys()].sort(compareText)) {
    for (const participant of random.shuffle([...classes.get(name) ?? []])) {
      foldOf.set(participant, next++ % nSplits);
    }
  }
  const everyone = [...foldOf.keys()].sort(compareText);
  return Array.from({ length: nSplits }, (_, fold) => ({
    train: everyone.filter((participant) => foldOf.get(participant) !== fold),
    validation: everyone.filter((participant) => foldOf.get(participant) === fold),
  }));
}

function checkSizes(
  labels: SessionTable,
  classes: ReadonlyMap<string, readonly string[]>,
  { nSplits, stratification }: KfoldOptions,
): void {
  const total = [...classes.values()].reduce((sum, members) => sum + members.length, 0);
  if (total < nSplits) {
    throw new DataError(labels.subject, `${total} participants can't fill ${nSplits} folds`);
  }
  const small = [...classes].filter(([, members]) => members.length < nSplits);
  if (stratification === undefined || small.length === 0) return;
  const sizes = small.map(([name, members]) => `"${name}" (${members.length})`);
  throw new DataError(
    labels.subject,
    `classes of "${stratification}" with fewer participants than the ${nSplits} folds: ` +
      `${nameSome(sizes)}; lower n_splits, leave these classes out, or set stratification = false`,
  );
}
