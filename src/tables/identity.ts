/**
 * Who a row or an image belongs to, and the order of a person's sessions.
 *
 * A person is a participant of a cohort. Ids are compared as BIDS spells them, with `sub-` and `ses-`;
 * a number in a session's name counts by its value, so `ses-M00` and `ses-M000` are one session.
 */

/** `sub-01` for `01`, ` sub-01 ` and `sub-01`. */
export function participantId(id: string): string {
  return withPrefix(id, "sub-");
}

/** `ses-M00` for `M00`, ` ses-M00 ` and `ses-M00`; digits stay as they are. */
export function sessionId(id: string): string {
  return withPrefix(id, "ses-");
}

function withPrefix(id: string, prefix: string): string {
  const text = id.trim();
  return text === "" || text.startsWith(prefix) ? text : prefix + text;
}

/** Name of the cohort when there is one, as in ClinicaDL. */
export const SINGLE_COHORT = "single";

/** Equal for one person only; the ids of different cohorts are different people. */
export function personKey(participant: string, cohort?: string | null): string {
  const name = participantId(participant);
  return !cohort || cohort === SINGLE_COHORT ? name : `${name}\t${cohort}`;
}

/** A person's name for messages. */
export function personName(key: string): string {
  const [participant, cohort] = key.split("\t");
  return cohort === undefined ? participant : `${participant} (cohort ${cohort})`;
}

/** Equal for all spellings of one person's session. */
export function sessionKey(participant: string, session: string, cohort?: string | null): string {
  return `${personKey(participant, cohort)}\t${canonicalSession(session)}`;
}

/** Months since the first visit of a session called `ses-M<integer>`; undefined for other names. */
export function sessionMonths(session: string): number | undefined {
  const digits = /^ses-M(\d{1,6})$/.exec(sessionId(session))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A session's name as text, a number, text. */
interface SessionParts {
  before: string;
  /** NaN where the name has no number. */
  number: number;
  after: string;
}

/** The last number of a name counts, unless it has more digits than a number holds. */
function partsOf(session: string): SessionParts {
  const name = sessionId(session);
  const match = /^(.*?)(\d{1,15})(\D*)$/.exec(name);
  if (match === null || /\d$/.test(match[1])) return { before: name, number: NaN, after: "" };
  return { before: match[1], number: Number(match[2]), after: match[3] };
}

function canonicalSession(session: string): string {
  const { before, number, after } = partsOf(session);
  return Number.isNaN(number) ? before : `${before}${number}${after}`;
}

/**
 * A total order of names: months by number, then names of one pattern by number, the rest as text.
 * Whether it is the order of time only {@link orderVisits} can tell.
 */
export function compareSessions(a: string, b: string): number {
  const [first, second] = [partsOf(a), partsOf(b)];
  return rankOf(first) - rankOf(second) ||
    compareText(first.before, second.before) ||
    compareText(first.after, second.after) ||
    (Number.isNaN(first.number) ? 0 : first.number - second.number) ||
    compareText(a, b);
}

/** `ses-M<months>` first, then `ses-<number>`, then other names with a number, then the rest. */
function rankOf({ before, number, after }: SessionParts): number {
  if (Number.isNaN(number)) return 3;
  if (after !== "") return 2;
  return before === "ses-M" ? 0 : before === "ses-" ? 1 : 2;
}

/** Order by code units, the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What is known of the time of a session. */
export interface Visit {
  session: string;
  /** BIDS's `acq_time`, where known. */
  acquired?: string | null;
  /** Age at this session, in years, where known. */
  age?: string | null;
}

/**
 * One person's sessions in order of time: by the number in their names where all are of one pattern
 * (`ses-M06`, `ses-M012`; `ses-2`, `ses-10`), else by `acq_time`, else by age. The result does not
 * depend on the order of the items.
 *
 * @returns `known` is false where none of these gives an order: then names are sorted
 */
export function orderVisits<Item>(
  items: readonly Item[],
  visitOf: (item: Item) => Visit,
): { ordered: Item[]; known: boolean } {
  const visits = items.map((item) => ({ item, ...visitOf(item) }))
    .sort((a, b) => compareSessions(a.session, b.session));
  const byName = { ordered: visits.map(({ item }) => item), known: true };
  if (visits.length < 2) return byName;
  const patterns = new Set(visits.map(({ session }) => {
    const { before, number, after } = partsOf(session);
    return Number.isNaN(number) ? undefined : `${before}#${after}`;
  }));
  if (patterns.size === 1 && !patterns.has(undefined)) return byName;
  for (
    const timeOf of [
      ({ acquired }: Visit) => acquired ? Date.parse(acquired) : NaN,
      ({ age }: Visit) => age ? Number(age) : NaN,
    ]
  ) {
    const timed = visits.map((visit) => ({ item: visit.item, time: timeOf(visit) }));
    const times = new Set(timed.map(({ time }) => time));
    if (times.size < visits.length || times.has(NaN)) continue;
    const ordered = timed.sort((a, b) => a.time - b.time).map(({ item }) => item);
    return { ordered, known: true };
  }
  return { ...byName, known: false };
}
