/** Which sessions can be used, and what is to be learnt of each. */
import { DataError } from "../errors.ts";
import type { Cell } from "../formats/tsv.ts";
import { sessionKey, sessionMonths } from "./identity.ts";
import {
  type ColumnNames,
  describeMissing,
  findColumn,
  possibleColumns,
  requireColumn,
} from "./columns.ts";
import { nameSome, SessionTable } from "./session_table.ts";
import { parseSex, readAges, readSexes, type SexLevels, warnOfNone } from "./values.ts";

export interface LabelsOptions {
  /** Diagnoses to keep. */
  diagnoses: readonly string[];
  /** Columns of the result besides ids, age, sex and diagnosis. */
  variablesOfInterest: readonly string[];
  /** Keeps participants enrolled with a subjective memory complaint (ADNI). */
  keepSmc: boolean;
  /** Leaves out participants with a single session. */
  removeUniqueSession: boolean;
  /** Columns of diagnosis, age and sex where they have other names. */
  columns?: ColumnNames;
  /** What the codes of the sexes stand for. */
  sexLevels?: SexLevels;
  /** Sessions that may be in the result, by {@link sessionKey}; absent: all. */
  restriction?: ReadonlySet<string>;
  /** Sessions of which there is an image, by {@link sessionKey}; absent: all. */
  imaged?: ReadonlySet<string>;
  /** Sessions whose image was registered well, by {@link sessionKey}; absent: all. */
  registered?: ReadonlySet<string>;
}

/** Columns of a merged table that {@link getLabels} reads besides ids. */
export function labelColumns(
  options: Pick<LabelsOptions, "columns" | "variablesOfInterest">,
): string[] {
  return [
    ...possibleColumns(options.columns),
    ...options.variablesOfInterest,
    DIAGNOSIS_CHANGE,
    ...FIRST_DIAGNOSES,
  ];
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

  let table = namedByMonth(merged, stage);
  const diagnosis = requireColumn(table, "diagnosis", options.columns?.diagnosis);
  warnings.push(...warnOfNone(table, diagnosis));
  table = fromDiagnosisChange(table, diagnosis);
  if (!options.keepSmc) {
    table = stage(withoutMemoryComplaint(table), "without subjective memory complaint");
  }
  if (options.removeUniqueSession) {
    const several = [...table.byPerson().values()].filter((rows) => rows.length > 1);
    table = stage(table.with(several.flat()), "of participants with several sessions");
  }
  table = stage(fillDiagnosis(table, diagnosis), "with a known diagnosis");
  const diagnoses = new Set(options.diagnoses);
  const seen = new Set(table.rows.map((row) => row[diagnosis]));
  const absent = options.diagnoses.filter((name) => !seen.has(name));
  if (absent.length > 0) {
    warnings.push(
      `no session has the diagnosis ${absent.join(", ")}; there are ${quoteAll(seen)}`,
    );
  }
  table = stage(
    table.with(table.rows.filter((row) => diagnoses.has(row[diagnosis] ?? ""))),
    `diagnosed ${options.diagnoses.join(" or ")}`,
  );
  const labelled = table;
  table = keep(table, options.imaged, (left) => stage(left, "with an image"));
  warnings.push(...namesWithout(labelled, table, "have no image"));
  const imaged = table;
  table = keep(
    table,
    options.registered,
    (left) => stage(left, "registered without being outliers"),
  );
  warnings.push(...namesWithout(imaged, table, "failed in the registration or are its outliers"));
  table = keep(table, options.restriction, (left) => stage(left, "in the restriction table"));
  if (table.rows.length === 0) {
    const others = absent.length > 0 ? `; the table has the diagnoses ${quoteAll(seen)}` : "";
    throw new DataError(merged.subject, `no session is left: ${account.join(", ")}${others}`);
  }
  const { columns, chosen } = chooseColumns(merged, table, diagnosis, options, warnings);
  account.push(columns);
  return { table: chosen, account, warnings };
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
        allowed.has(table.key(row)) ||
        allowed.has(sessionKey(table.participant(row), table.session(row)))
      ),
    ),
  );
}

function quoteAll(names: Iterable<Cell>): string {
  return [...names].sort().map((name) => `"${name}"`).join(", ");
}

/** A warning that lists the labelled sessions that were not kept. */
function namesWithout(labelled: SessionTable, kept: SessionTable, why: string): string[] {
  const keys = new Set(kept.rows.map((row) => kept.key(row)));
  const names = labelled.rows.filter((row) => !keys.has(labelled.key(row)))
    .map((row) => `${labelled.participant(row)} ${labelled.session(row)}`);
  if (names.length === 0) return [];
  return [
    `${names.length} labelled sessions ${why} and are left out: ${nameSome(names, 20)}`,
  ];
}

/** Other names are left out as in ClinicaDL, unless the table has no `ses-M<months>` at all. */
function namedByMonth(
  table: SessionTable,
  stage: (table: SessionTable, what: string) => SessionTable,
): SessionTable {
  const rows = table.rows.filter((row) => sessionMonths(table.session(row)) !== undefined);
  if (rows.length > 0) return stage(table.with(rows), "with a name ses-M<months>");
  return stage(table, "under any name, since none is ses-M<months>");
}

const DIAGNOSIS_CHANGE = "adni_diagnosis_change";

/** At baseline and at screening. */
const FIRST_DIAGNOSES = ["diagnosis_bl", "diagnosis_sc"];

const AFTER_CHANGE: ReadonlyMap<string, string> = new Map([
  ["1", "CN"],
  ["7", "CN"],
  ["9", "CN"],
  ["2", "MCI"],
  ["4", "MCI"],
  ["8", "MCI"],
  ["3", "AD"],
  ["5", "AD"],
  ["6", "AD"],
]);

/** ADNI codes the diagnosis after a conversion; it replaces a missing diagnosis. */
function fromDiagnosisChange(table: SessionTable, diagnosis: number): SessionTable {
  if (!table.has(DIAGNOSIS_CHANGE)) return table;
  const change = table.column(DIAGNOSIS_CHANGE);
  return table.with(table.rows.map((row) => {
    const code = row[change];
    if (row[diagnosis] !== null || code === null) return row;
    return row.with(diagnosis, AFTER_CHANGE.get(code.replace(/\.0+$/, "")) ?? null);
  }));
}

function withoutMemoryComplaint(table: SessionTable): SessionTable {
  const columns = FIRST_DIAGNOSES.filter((name) => table.has(name))
    .map((name) => table.column(name));
  return table.with(table.rows.filter((row) => columns.every((column) => row[column] !== "SMC")));
}

/**
 * A missing diagnosis between two equal ones is theirs; other sessions without one are left out, and so
 * are all without one of a person whose sessions have no known order.
 */
function fillDiagnosis(table: SessionTable, diagnosis: number): SessionTable {
  const rows = [...table.byPerson()].flatMap(([person, sessions]) => {
    if (!table.hasOrder(person)) return sessions.filter((row) => row[diagnosis] !== null);
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

/** The table with its columns, and a line that reports which column became which. */
function chooseColumns(
  merged: SessionTable,
  table: SessionTable,
  diagnosis: number,
  options: LabelsOptions,
  warnings: string[],
): { chosen: SessionTable; columns: string } {
  type Read = (row: Cell[]) => Cell;
  const chosen = new Map<string, Read>();
  const choose = (name: string, column = table.column(name)) =>
    chosen.set(name, (row) => row[column]);
  const sources: string[] = [];
  choose("participant_id");
  choose("session_id");
  for (const name of ["age", "sex"] as const) {
    const from = findColumn(table, name, options.columns?.[name]);
    if (from === undefined) {
      warnings.push(`${table.subject}: labels go without ${name}: ${describeMissing(table, name)}`);
      continue;
    }
    sources.push(`${name} from ${table.columns[from]}`);
    if (name === "age") {
      const ages = readAges(merged, from, table.rows);
      warnings.push(...ages.warnings);
      chosen.set("age", (row) => ages.cells.get(table.key(row)) ?? null);
    } else {
      const sexes = readSexes(merged, from, options.sexLevels);
      // Words stay as they are; codes mean something in this table only.
      chosen.set("sex", (row) => {
        const cell = row[from];
        if (cell === null || parseSex(cell) !== undefined) return cell;
        return sexes.get(table.person(row)) ?? null;
      });
    }
  }
  choose("diagnosis", diagnosis);
  sources.push(`diagnosis from ${table.columns[diagnosis]}`);
  // Distinguishes people of several data sets.
  if (table.has("cohort")) choose("cohort");
  const missing = options.variablesOfInterest.filter((name) => !table.has(name));
  if (missing.length > 0) {
    throw new DataError(
      table.subject,
      `no column ${missing.join(", ")} (variables_of_interest); the table has ${
        nameSome([...table.header], 40)
      }`,
    );
  }
  for (const name of options.variablesOfInterest) if (!chosen.has(name)) choose(name);
  const build = () =>
    new SessionTable({
      columns: [...chosen.keys()],
      rows: table.rows.map((row) => [...chosen.values()].map((read) => read(row))),
    }, table.subject);
  let result = build();
  // What orders the sessions must be kept where their names do not.
  if (!result.ordered && table.ordered && table.has("acq_time") && !chosen.has("acq_time")) {
    choose("acq_time");
    result = build();
  }
  return { chosen: result, columns: `columns: ${sources.join(", ")}` };
}
