/**
 * The leakage guard: nobody may be in two of train, validation and test.
 *
 * A person is one `participant_id` (in one cohort, where tables name it), whatever the session;
 * and two sessions whose images have the same bytes, or the same voxels in files that differ, are the
 * same person under two names.
 */
import { DataError } from "../errors.ts";
import type { Cell } from "../formats/tsv.ts";
import { compareText, personKey, sessionKey } from "./identity.ts";
import { nameSome } from "./session_table.ts";

/** Sessions that are used for one purpose. */
export interface RoleTable {
  /** `train`, `validation`, `test` or a subset's name. */
  role: string;
  sessions: readonly GuardedSession[];
}

export interface GuardedSession {
  participant: string;
  session: string;
  /** Distinguishes equal ids of several data sets; absent: one data set. */
  cohort?: string;
  /** Of its image, where known. */
  digest?: string;
  /** Of the voxels that networks see, where known. */
  tensorDigest?: string;
}

/** What `predictions` carry in `meta.leakage`. */
export type LeakageStatus = "none" | "predicting on training data" | "not checkable";

/** Somebody who is in two tables at once. */
export interface Overlap {
  roles: [string, string];
  /** `sub-01`, or `sub-01 and sub-02 (the same image)`. */
  participant: string;
}

/**
 * Rows of a table as the guard sees them.
 *
 * @param table with `participant_id`, `session_id` and perhaps `cohort`, `digest` or `source_digest`
 *   (an `images` artifact's `index.tsv`, a `caps` artifact's `images.tsv`) and `tensor_digest` (a
 *   model's `participants.tsv`)
 * @param digests by {@link sessionKey}, for tables without digests: {@link digestsOf}
 */
export function guardedSessions(
  table: { columns: readonly string[]; rows: readonly (readonly Cell[])[] },
  digests?: ReadonlyMap<string, string>,
): GuardedSession[] {
  const at = (name: string) => table.columns.indexOf(name);
  const participant = at("participant_id"), session = at("session_id"), cohort = at("cohort");
  const digest = Math.max(at("digest"), at("source_digest")), tensor = at("tensor_digest");
  return table.rows.map((row) => {
    const ids = { participant: row[participant] ?? "", session: row[session] ?? "" };
    return {
      ...ids,
      cohort: row[cohort] ?? undefined,
      digest: row[digest] ?? digests?.get(sessionKey(ids.participant, ids.session)),
      ...row[tensor] && { tensorDigest: row[tensor] },
    };
  });
}

/** Image digests by {@link sessionKey}, from an `index.tsv` or `images.tsv`. */
export function digestsOf(
  table: { columns: readonly string[]; rows: readonly (readonly Cell[])[] },
): Map<string, string> {
  return new Map(
    guardedSessions(table).flatMap((row) =>
      row.digest === undefined ? [] : [[sessionKey(row.participant, row.session), row.digest]]
    ),
  );
}

/** Everyone who is in two of the tables, sorted; empty when nobody is. */
export function findLeakage(tables: readonly RoleTable[]): Overlap[] {
  const overlaps = new Map<string, Overlap>();
  for (let second = 1; second < tables.length; second++) {
    for (let first = 0; first < second; first++) {
      for (const overlap of overlapsOf(tables[first], tables[second])) {
        overlaps.set(`${overlap.roles.join()}\t${overlap.participant}`, overlap);
      }
    }
  }
  return [...overlaps.values()].sort((a, b) =>
    compareText(a.roles.join(), b.roles.join()) || compareText(a.participant, b.participant)
  );
}

function overlapsOf(a: RoleTable, b: RoleTable): Overlap[] {
  const roles: [string, string] = [a.role, b.role];
  // Cohorts distinguish people only where both tables have them.
  const withCohort = [a, b].every((table) =>
    table.sessions.every((session) => session.cohort !== undefined)
  );
  const person = (session: GuardedSession) =>
    personKey(session.participant, withCohort ? session.cohort : undefined);
  const people = new Set(a.sessions.map(person));
  const owners = new Map<string, string>();
  for (const session of a.sessions) {
    for (const [, digest] of contentsOf(session)) owners.set(digest, session.participant);
  }
  return b.sessions.flatMap((session): Overlap[] => {
    if (people.has(person(session))) return [{ roles, participant: session.participant }];
    const shared = contentsOf(session).find(([, digest]) => owners.has(digest));
    if (shared === undefined) return [];
    const [what, digest] = shared;
    const names = `${owners.get(digest)} and ${session.participant}`;
    return [{ roles, participant: `${names} (the same ${what})` }];
  });
}

function contentsOf({ digest, tensorDigest }: GuardedSession): [what: string, digest: string][] {
  const contents: [string, string][] = [];
  if (digest !== undefined) contents.push(["image", digest]);
  if (tensorDigest !== undefined) contents.push(["voxels", tensorDigest]);
  return contents;
}

/**
 * Refuses tables that share a person. Call it with every table a step is about to use, before any
 * work on a device; give digests wherever images exist.
 *
 * @param subject the step or file that the message names
 * @throws {DataError} naming the participants and the two roles
 */
export function assertNoLeakage(tables: readonly RoleTable[], subject: string): void {
  const overlaps = findLeakage(tables);
  if (overlaps.length === 0) return;
  const pairs = new Map<string, string[]>();
  for (const { roles, participant } of overlaps) {
    const pair = roles.join(" and ");
    pairs.set(pair, [...pairs.get(pair) ?? [], participant]);
  }
  const problems = [...pairs].map(([pair, names]) => `${pair} share ${nameSome(names)}`);
  throw new DataError(
    subject,
    `data leakage: ${problems.join("; ")}. Split by participant (split.holdout, split.kfold) so ` +
      "that nobody is on two sides, and keep one of two names for an image",
  );
}

/**
 * Whether predictions may be made, and their `meta.leakage`.
 *
 * @param model sessions the weights were trained or validated on, and whether these are all
 * @param allowed whether the workflow allows predictions on training data by name
 * @throws {DataError} when people overlap and it is not allowed
 */
export function leakageStatus(
  model: { sessions: readonly GuardedSession[]; complete: boolean },
  predicted: readonly GuardedSession[],
  allowed: boolean,
  subject: string,
): LeakageStatus {
  const tables = [
    { role: "training", sessions: model.sessions },
    { role: "the predicted participants", sessions: predicted },
  ];
  if (!allowed) assertNoLeakage(tables, subject);
  else if (findLeakage(tables).length > 0) return "predicting on training data";
  return model.complete ? "none" : "not checkable";
}
