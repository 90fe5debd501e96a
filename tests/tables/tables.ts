/** Random tables for the tests. */
import { Random } from "../../src/random.ts";
import { SessionTable } from "../../src/tables/session_table.ts";

const DIAGNOSES = ["AD", "CN", "MCI"];

/** Participants with one to four sessions, in random order. */
export function randomLabels(seed: number, participants: number, classes = 2): SessionTable {
  const random = new Random(seed, "test labels");
  const rows = Array.from({ length: participants }, (_, i) => {
    const diagnosis = DIAGNOSES[i < classes * 12 ? i % classes : random.integer(classes)];
    const age = random.normal(70, 8).toFixed(1);
    const sex = random.integer(2) === 0 ? "F" : "M";
    return Array.from(
      { length: 1 + random.integer(4) },
      (_, visit) => [`sub-${String(i).padStart(6, "0")}`, `ses-M${visit * 6}`, age, sex, diagnosis],
    );
  }).flat();
  random.shuffle(rows);
  const columns = ["participant_id", "session_id", "age", "sex", "diagnosis"];
  return new SessionTable({ columns, rows }, "labels");
}

export function tableOf(text: string, subject = "table.tsv"): SessionTable {
  return SessionTable.read(text.trim().replaceAll(/ +/g, "\t") + "\n", subject);
}
