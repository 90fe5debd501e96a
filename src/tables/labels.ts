/** Which sessions can be used, and what is to be learnt of each. */
import { DataError } from "../errors.ts";
import type { Cell } from "../formats/tsv.ts";
import { nameSome, sessionKey, sessionMonths, SessionTable } from "./session_table.ts";

export interface LabelsOptions {
  /** Diagnoses to keep. */
  diagnoses: readonly string[];
  /** Columns of the result besides ids, age, sex and diagnosis. */
  variablesOfInterest: readonly string[];
  /** Keeps participants enrolled with a subjective memory complaint (ADNI). */
  keepSmc: boolean;
  /** Leaves out participants with a single session. */
  removeUniqueSession: boolean;
  /** Sessions that may be in the result, by {@link sessionKey}; absent: all. */
  restriction?: ReadonlySet<string>;
  /** Sessions of which there is an image, by {@link sessionKey}; absent: all. */
  imaged?: ReadonlySet<string>;
}

export interface Labels {
  table: SessionTable;
  /** One line a stage: how many sessions were left. */
  account: string[];
  warnings: string[];
}

/**
 * Chooses sessions and columns.
 *
 * @param merged one row a session, with `diagnosis` (or Clinica's `dx1`)
 * @throws {DataError} when a column is absent or nothing is left
 */
export function getLabels(merged: SessionTable, options: LabelsOptions): Labels {
  const account: string[] = [`${merged.rows.length} sessions`];
  const warnings: string[] = [];
  const stage = (table: SessionTable, what: string) => {
    account.push(`${table.rows.length} ${what}`);
    return table;
  };

  let table = stage(namedByMonth(merged), "with a name ses-M<months>");
  const diagnosis = diagnosisColumn(table);
  table = fromDiagnosisChange(table, diagnosis);
  if (!options.keepSmc) {
    table = stage(withoutMemoryComplaint(table), "without subjective memory complaint");
  }
  if (options.removeUniqueSession) {
    const several = [...table.byParticipant().values()].filter((rows) => rows.length > 1);
    table = stage(table.with(several.flat()), "of participants with several sessions");
  }
  table = stage(fillDiagnosis(table, diagnosis), "with a known diagnosis");
  const diagnoses = new Set(options.diagnoses);
  const seen = new Set(table.rows.map((row) => row[diagnosis]));
  const absent = options.diagnoses.filter((name) => !seen.has(name));
  if (absent.length > 0) {
    warnings.push(
      `no session has the diagnosis ${absent.join(", ")}; there are ${[...seen].sort().join(", ")}`,
    );
  }
  table = stage(
    table.with(table.rows.filter((row) => diagnoses.has(row[diagnosis] ?? ""))),
    `diagnosed ${options.diagnoses.join(" or ")}`,
  );
  table = keep(table, options.imaged, (left) => stage(left, "with an image"));
  table = keep(table, options.restriction, (left) => stage(left, "in the restriction table"));
  if (table.rows.length === 0) {
    throw new DataError(merged.subject, `no session is left: ${account.join(", ")}`);
  }
  return { table: chooseColumns(table, diagnosis, options, warnings), account, warnings };
}

function keep(
  table: SessionTable,
  allowed: ReadonlySet<string> | undefined,
  stage: (table: SessionTable) => SessionTable,
): SessionTable {
  if (allowed === undefined) return table;
  return stage(
    table.with(
      table.rows.filter((row) =>
        allowed.has(sessionKey(table.participant(row), table.session(row)))
      ),
    ),
  );
}

function namedByMonth(table: SessionTable): SessionTable {
  return table.with(table.rows.filter((row) => sessionMonths(table.session(row)) !== undefined));
}

/** Position of the diagnosis: Clinica's `dx1` wins, as in ClinicaDL. */
function diagnosisColumn(table: SessionTable): number {
  return table.has("dx1") ? table.column("dx1") : table.column("diagnosis");
}

const AFTER_CHANGE: Readonly<Record<string, string>> = {
  "1": "CN",
  "7": "CN",
  "9": "CN",
  "2": "MCI",
  "4": "MCI",
  "8": "MCI",
  "3": "AD",
  "5": "AD",
  "6": "AD",
};

/** ADNI codes the diagnosis after a conversion; it replaces a missing diagnosis. */
function fromDiagnosisChange(table: SessionTable, diagnosis: number): SessionTable {
  if (!table.has("adni_diagnosis_change")) return table;
  const change = table.column("adni_diagnosis_change");
  return table.with(table.rows.map((row) => {
    const code = row[change];
    if (row[diagnosis] !== null || code === null) return row;
    return row.with(diagnosis, AFTER_CHANGE[code.replace(/\.0+$/, "")] ?? null);
  }));
}

function withoutMemoryComplaint(table: SessionTable): SessionTable {
  const columns = ["diagnosis_bl", "diagnosis_sc"].filter((name) => table.has(name))
    .map((name) => table.column(name));
  return table.with(table.rows.filter((row) => columns.every((column) => row[column] !== "SMC")));
}

/** A missing diagnosis between two equal ones is theirs; other sessions without one are left out. */
function fillDiagnosis(table: SessionTable, diagnosis: number): SessionTable {
  const rows = [...table.byParticipant().values()].flatMap((sessions) => {
    const later: Cell[] = [];
    let next: Cell = null;
    for (let i = sessions.length - 1; i >= 0; i--) {
      later[i] = next;
      next = sessions[i][diagnosis] ?? next;
    }
    let earlier: Cell = null;
    return sessions.flatMap((row, i) => {
      if (row[diagnosis] !== null) {
        earlier = row[diagnosis];
        return [row];
      }
      return earlier !== null && earlier === later[i] ? [row.with(diagnosis, earlier)] : [];
    });
  });
  return table.with(rows);
}

function chooseColumns(
  table: SessionTable,
  diagnosis: number,
  options: LabelsOptions,
  warnings: string[],
): SessionTable {
  const chosen: { name: string; from: number }[] = [
    { name: "participant_id", from: table.column("participant_id") },
    { name: "session_id", from: table.column("session_id") },
  ];
  for (const name of ["age", "sex"]) {
    const from = columnLike(table, name);
    if (from === undefined) {
      warnings.push(`${table.subject} has no column for ${name}: labels go without`);
    } else chosen.push({ name, from });
  }
  chosen.push({ name: "diagnosis", from: diagnosis });
  // Distinguishes people of several data sets.
  if (table.has("cohort")) chosen.push({ name: "cohort", from: table.column("cohort") });
  const missing = options.variablesOfInterest.filter((name) => !table.has(name));
  if (missing.length > 0) {
    throw new DataError(
      table.subject,
      `no column ${missing.join(", ")} (variables_of_interest); the table has ${
        nameSome([...table.columns], 40)
      }`,
    );
  }
  for (const name of options.variablesOfInterest) {
    if (!chosen.some((column) => column.name === name)) {
      chosen.push({ name, from: table.column(name) });
    }
  }
  return new SessionTable({
    columns: chosen.map((column) => column.name),
    rows: table.rows.map((row) => chosen.map((column) => row[column.from])),
  }, table.subject);
}

/** A column of that name, else the shortest whose name contains it (`age_bl` for `age`). */
export function columnLike(table: SessionTable, name: string): number | undefined {
  if (table.has(name)) return table.column(name);
  const word = new RegExp(`(^|[^a-z])${name}`, "i");
  const alike = table.columns.filter((column) => word.test(column))
    .sort((a, b) => a.length - b.length);
  return alike.length === 0 ? undefined : table.column(alike[0]);
}
