/** The participants of a generated data set, and the table of their sessions. */
import type { Writable } from "../../formats/tsv.ts";
import { Random } from "../../random.ts";
import type { Diagnosis } from "./anatomy.ts";

/**
 * A participant at a session. Everything depends on the seed and the participant's number alone. It
 * is a type, not an interface, so that it counts as Json: it is a part of memo keys.
 */
export type GeneratedSession = {
  /** Number of the participant, from 0. */
  participant: number;
  participantId: string;
  sessionId: string;
  /** Months since the first session. */
  months: number;
  diagnosis: Diagnosis;
  /** Years, to one decimal. */
  age: number;
  sex: "M" | "F";
  /** Mini-mental state examination, 0 to 30. */
  mmse: number;
  /** Global clinical dementia rating. */
  cdr: number;
};

/** `participants.tsv`. */
export interface SessionRows {
  columns: readonly string[];
  rows: readonly (readonly Writable[])[];
}

/** Months. */
const SESSION_INTERVAL = 12;

/**
 * Participants in turn AD and CN, so that adding some leaves the others as they were. Ages and sexes
 * follow the same distribution in both classes.
 *
 * @param perClass participants of each class
 * @param sessions of each participant, a year apart
 */
export function drawParticipants(
  prefix: string,
  perClass: number,
  sessions: number,
  seed: number,
): GeneratedSession[] {
  return Array.from({ length: 2 * perClass }, (_, participant) => {
    const random = new Random(seed, "participants", participant);
    const diagnosis: Diagnosis = participant % 2 === 0 ? "AD" : "CN";
    const patient = diagnosis === "AD";
    const age = Math.round(10 * clamp(random.normal(72, 7), 55, 92)) / 10;
    // Two neighbours of a class are a woman and a man, in an order drawn for the pair.
    const pair = new Random(seed, "sexes", participant >> 2).integer(2);
    const sex = ((participant >> 1) + pair + (patient ? 0 : 1)) % 2 === 0 ? "F" : "M";
    const mmse = patient ? random.normal(23, 2.5) : random.normal(29, 1);
    const decline = patient ? random.uniform(1, 3) : random.uniform(0, 0.3);
    const cdr = patient ? (random.uniform() < 0.4 ? 0.5 : 1) : 0;
    return Array.from({ length: sessions }, (_, visit): GeneratedSession => ({
      participant,
      participantId: `sub-${prefix}${String(participant).padStart(4, "0")}`,
      sessionId: sessionName(visit),
      months: visit * SESSION_INTERVAL,
      diagnosis,
      age: Math.round(10 * (age + visit)) / 10,
      sex,
      mmse: Math.round(clamp(mmse - decline * visit, 0, 30)),
      cdr,
    }));
  }).flat();
}

function sessionName(visit: number): string {
  return `ses-M${String(visit * SESSION_INTERVAL).padStart(3, "0")}`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** One row a session, with more columns if given. */
export function sessionRows(
  sessions: readonly GeneratedSession[],
  more: { columns: readonly string[]; cells(session: GeneratedSession): readonly Writable[] } = {
    columns: [],
    cells: () => [],
  },
): SessionRows {
  return {
    columns: [
      "participant_id",
      "session_id",
      "age",
      "sex",
      "diagnosis",
      "MMSE",
      "cdr_global",
      ...more.columns,
    ],
    rows: sessions.map((session) => [
      session.participantId,
      session.sessionId,
      session.age.toFixed(1),
      session.sex,
      session.diagnosis,
      session.mmse,
      session.cdr,
      ...more.cells(session),
    ]),
  };
}
