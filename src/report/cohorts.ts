/** Who was trained, validated and tested on: demographics side by side, and whether anyone is twice. */
import { INDEX_FILE } from "../artifacts/images.ts";
import { readLabelsText } from "../artifacts/labels.ts";
import { subsetFile } from "../artifacts/split.ts";
import { readTsv, type Table } from "../formats/tsv.ts";
import { digestsOf, findLeakage, guardedSessions } from "../tables/leakage.ts";
import { chiSquareTest, tTest } from "../tables/statistics.ts";
import type { Artifact } from "../workflow/step.ts";
import type { CohortData, NumericSummary, RoleData } from "./data.ts";
import type { RunArtifacts } from "./inputs.ts";
import { rounded } from "./rounding.ts";

const BINS = 12;
/** More categories than this are not for a table, as of an identifier. */
const MAX_CATEGORIES = 12;

interface Role {
  name: string;
  table: Table;
}

interface Cohort {
  title: string;
  roles: Map<string, Role>;
  label: string;
  images?: Artifact;
}

export async function describeCohorts(artifacts: RunArtifacts): Promise<CohortData[]> {
  const cohorts = await cohortsOf(artifacts);
  return await Promise.all(cohorts.map(describe));
}

/** A cohort for each fold that a network was trained on; without training, for each split. */
async function cohortsOf(artifacts: RunArtifacts): Promise<Cohort[]> {
  const byFold = new Map<string, Cohort>();
  const byModel = new Map<string, Cohort>();
  for (const entry of artifacts.finished((kind) => kind.startsWith("train."))) {
    const fold = artifacts.input(entry, "folds");
    const model = artifacts.output(entry, "model");
    if (!fold || !model) continue;
    const cohort = byFold.get(fold.digest) ?? {
      title: `split ${model.meta.split ?? byFold.size}`,
      roles: new Map([
        ["train", { name: "train", table: await readSubsetTable(fold, "train") }],
        ["validation", { name: "validation", table: await readSubsetTable(fold, "validation") }],
      ]),
      label: String(model.meta.label ?? "diagnosis"),
      images: artifacts.input(entry, "images"),
    };
    byFold.set(fold.digest, cohort);
    byModel.set(model.digest, cohort);
  }
  for (const entry of artifacts.finished((kind) => kind === "predict")) {
    const model = artifacts.input(entry, "model");
    const people = artifacts.input(entry, "participants");
    const cohort = model && byModel.get(model.digest);
    if (!cohort || !people) continue;
    const name = String(artifacts.output(entry, "predictions")?.meta.data_group ?? "test");
    const key = `${name} ${people.digest}`;
    if (cohort.roles.has(key)) continue;
    cohort.roles.set(key, { name, table: await readSessionsTable(people) });
  }
  return byFold.size > 0 ? [...byFold.values()] : await splitsOf(artifacts);
}

async function splitsOf(artifacts: RunArtifacts): Promise<Cohort[]> {
  const cohorts: Cohort[] = [];
  for (const entry of artifacts.finished((kind) => kind === "split.holdout")) {
    const roles = new Map<string, Role>();
    for (const [name, { type }] of Object.entries(entry.outputs ?? {})) {
      const artifact = type === "participants" ? artifacts.output(entry, name) : undefined;
      if (artifact) roles.set(name, { name, table: await readSessionsTable(artifact) });
    }
    cohorts.push({ title: entry.name, roles, label: "diagnosis" });
  }
  return cohorts;
}

async function readSubsetTable(fold: Artifact, subset: string): Promise<Table> {
  const path = subsetFile(subset);
  return readTsv(await fold.readText(path), path);
}

async function readSessionsTable(artifact: Artifact): Promise<Table> {
  return readTsv(await readLabelsText(artifact), `table of ${artifact.type}`);
}

async function describe({ title, roles, label, images }: Cohort): Promise<CohortData> {
  const named = [...roles.values()];
  const index = images && readTsv(await images.read(INDEX_FILE), INDEX_FILE);
  const digests = index && digestsOf(index);
  const overlaps = findLeakage(named.map(({ name, table }) => ({
    role: name,
    sessions: guardedSessions(table, digests),
  })));
  const people = named.map(({ name, table }) => ({ name, table, rows: baselines(table) }));
  const variables = ["age", "sex", label].filter((name, at, all) => all.indexOf(name) === at)
    .filter((name) => named.every(({ table }) => table.columns.includes(name)));
  const numeric = variables.filter((name) => people.every((group) => isNumeric(group, name)));
  const categorical = variables.filter((name) =>
    !numeric.includes(name) && categoriesOf(people, name).length <= MAX_CATEGORIES
  );
  return {
    title,
    roles: people.map((group) => ({
      role: group.name,
      participants: group.rows.length,
      sessions: group.table.rows.length,
      numeric: Object.fromEntries(
        numeric.map((name) => [name, summary(group, name, rangeOf(people, name))]),
      ),
      categorical: Object.fromEntries(
        categorical.map((name) => [name, countsOf(group, name, categoriesOf(people, name))]),
      ),
    })),
    tests: testsOf(people, numeric, categorical),
    leakage: {
      checked: digests ? "participants and the bytes of their images" : "participants",
      overlaps: overlaps.map(({ roles, participant }) =>
        `${participant} is in ${roles.join(" and ")}`
      ),
    },
  };
}

interface Group {
  name: string;
  table: Table;
  /** The first session of each participant. */
  rows: Table["rows"];
}

function baselines({ columns, rows }: Table): Table["rows"] {
  const participant = columns.indexOf("participant_id"), session = columns.indexOf("session_id");
  const first = new Map<string, Table["rows"][number]>();
  for (const row of rows) {
    const known = first.get(row[participant] ?? "");
    if (!known || (row[session] ?? "") < (known[session] ?? "")) {
      first.set(row[participant] ?? "", row);
    }
  }
  return [...first.values()];
}

function cells({ table, rows }: Group, name: string): (string | null)[] {
  const at = table.columns.indexOf(name);
  return rows.map((row) => row[at]);
}

function isNumeric(group: Group, name: string): boolean {
  const present = cells(group, name).filter((cell) => cell !== null);
  return present.length > 0 && present.every((cell) => Number.isFinite(Number(cell)));
}

function numbers(group: Group, name: string): number[] {
  return cells(group, name).map((cell) => cell === null ? NaN : Number(cell));
}

function rangeOf(people: readonly Group[], name: string): [number, number] {
  const all = people.flatMap((group) => numbers(group, name)).filter((value) => !isNaN(value));
  return [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
}

function summary(group: Group, name: string, [from, to]: [number, number]): NumericSummary {
  const all = numbers(group, name);
  const present = all.filter((value) => !isNaN(value));
  const mean = present.reduce((sum, value) => sum + value, 0) / present.length;
  const squares = present.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const counts = new Array<number>(BINS).fill(0);
  for (const value of present) {
    counts[Math.min(BINS - 1, Math.floor((value - from) / (to - from) * BINS))]++;
  }
  return {
    count: present.length,
    missing: all.length - present.length,
    mean: rounded(mean),
    sd: rounded(Math.sqrt(squares / (present.length - 1))),
    least: rounded(Math.min(...present)),
    most: rounded(Math.max(...present)),
    histogram: to > from ? { from, to, counts } : null,
  };
}

function categoriesOf(people: readonly Group[], name: string): string[] {
  return [...new Set(people.flatMap((group) => cells(group, name)).map((cell) => cell ?? "n/a"))]
    .sort();
}

function countsOf(
  group: Group,
  name: string,
  categories: readonly string[],
): RoleData["categorical"][string] {
  const found = cells(group, name).map((cell) => cell ?? "n/a");
  return Object.fromEntries(
    categories.map((category) => [category, found.filter((cell) => cell === category).length]),
  );
}

/** Each pair of roles: Student's t for numbers, χ² for categories. */
function testsOf(
  people: readonly Group[],
  numeric: readonly string[],
  categorical: readonly string[],
): CohortData["tests"] {
  const tests: CohortData["tests"] = [];
  for (const [at, first] of people.entries()) {
    for (const second of people.slice(at + 1)) {
      const roles: [string, string] = [first.name, second.name];
      for (const variable of numeric) {
        const { p } = tTest(numbers(first, variable), numbers(second, variable));
        tests.push({ variable, roles, test: "t-test", p: rounded(p, 3) });
      }
      for (const variable of categorical) {
        const categories = categoriesOf(people, variable).filter((category) => category !== "n/a");
        const counts = [first, second].map((group) => {
          const found = countsOf(group, variable, categories);
          return categories.map((category) => found[category]);
        });
        const { p } = chiSquareTest(counts);
        tests.push({ variable, roles, test: "χ²", p: rounded(p, 3) });
      }
    }
  }
  return tests;
}
