/** Draws a test set whose diagnosis, age and sex are distributed as in the rest. */
import { DataError } from "../errors.ts";
import { Random } from "../random.ts";
import { compareText } from "./identity.ts";
import { type ColumnNames, requireColumn } from "./columns.ts";
import type { SessionTable } from "./session_table.ts";
import { chiSquareTest, moments, type TestResult, tTestOf } from "./statistics.ts";
import { readAges, readSexes, type Sex, type SexLevels } from "./values.ts";

export interface HoldoutOptions {
  /** Size of the test set: a number of participants from 1, or a fraction of all below 1 (rounded down, exactly: 0.29 of 100 is 29). */
  nTest: number;
  seed: number;
  /** A draw is taken when both p-values reach these. */
  pAgeThreshold: number;
  pSexThreshold: number;
  /** Takes the first draw, whatever ages and sexes. */
  ignoreDemographics: boolean;
  /** A column to stratify on besides the diagnosis. */
  categoricalVariable?: string;
  /** Columns of diagnosis, age and sex where they have other names. */
  columns?: ColumnNames;
  /** What the codes of the sexes stand for. */
  sexLevels?: SexLevels;
  /** Draws before the best one so far is taken. */
  maxDraws: number;
}

export interface Holdout {
  /** People by `personKey`, sorted. */
  train: string[];
  heldOut: string[];
  /** Draws that were made. */
  draws: number;
  /** Whether both p-values reached their thresholds; true when demographics were ignored. */
  matched: boolean;
  /** Absent when demographics were ignored. */
  age?: TestResult;
  sex?: TestResult;
  /** Ages that were not read as they stand. */
  warnings: string[];
}

interface Person {
  participant: string;
  stratum: string;
  /** NaN when missing. */
  age: number;
  sex: number;
}

/**
 * Draws the split. Each draw is stratified on diagnosis (and the categorical variable): every
 * stratum contributes in proportion to its size, to within one participant. Ages are compared by {@link tTestOf}, sexes by
 * {@link chiSquareTest} on counts. The first draw that passes is taken; when none of `maxDraws` does,
 * the one whose smaller ratio of p-value to threshold is largest.
 *
 * @param labels with `diagnosis` and, unless ignored, `age` and `sex`; the first session counts
 * @throws {DataError} when a column is absent or one side would be empty
 */
export function drawHoldout(
  labels: SessionTable,
  options: HoldoutOptions,
): Holdout {
  const { people, warnings } = readPeople(labels, options);
  const heldOutCount = options.nTest >= 1 ? options.nTest : shareOf(people.length, options.nTest);
  if (heldOutCount < 1 || heldOutCount >= people.length) {
    throw new DataError(
      labels.subject,
      `n_test = ${options.nTest} sets aside ${heldOutCount} of ${people.length} participants; ` +
        "each side needs at least one",
    );
  }
  const strata = groupStrata(people);
  const draw = (number: number) =>
    drawStratified(strata, people.length, heldOutCount, options.seed, number);
  if (options.ignoreDemographics) {
    return { ...sides(people, draw(0)), draws: 1, matched: true, warnings };
  }

  const compare = createComparison(people);
  let best: { score: number; chosen: Uint8Array; age: TestResult; sex: TestResult } | undefined;
  for (let number = 0; number < options.maxDraws; number++) {
    const chosen = draw(number);
    const { age, sex } = compare(chosen);
    const score = Math.min(
      margin(age.p, options.pAgeThreshold),
      margin(sex.p, options.pSexThreshold),
    );
    if (best === undefined || score > best.score) best = { score, chosen, age, sex };
    if (score >= 1) {
      return { ...sides(people, chosen), draws: number + 1, matched: true, age, sex, warnings };
    }
  }
  if (best === undefined) throw new RangeError("maxDraws must be at least 1");
  return {
    ...sides(people, best.chosen),
    draws: options.maxDraws,
    matched: false,
    age: best.age,
    sex: best.sex,
    warnings,
  };
}

/** The share rounded down; a product that is an integer but for the rounding of its factors is one. */
function shareOf(total: number, share: number): number {
  return Math.floor(total * share * (1 + 4 * Number.EPSILON));
}

/** 1 and more where the p-value reaches the threshold; a test without data can't object. */
function margin(p: number, threshold: number): number {
  return Number.isNaN(p) || threshold === 0 ? Infinity : p / threshold;
}

function readPeople(
  labels: SessionTable,
  options: HoldoutOptions,
): { people: Person[]; warnings: string[] } {
  labels.requireOrder("a split by the first session of each participant");
  const { columns = {}, categoricalVariable } = options;
  const strataColumns = [
    requireColumn(labels, "diagnosis", columns.diagnosis),
    ...categoricalVariable === undefined ? [] : [labels.column(categoricalVariable)],
  ];
  const first = [...labels.byPerson()].map(([person, [row]]) => ({ person, row }));
  const compared = !options.ignoreDemographics;
  const ages = compared
    ? readAges(labels, requireColumn(labels, "age", columns.age), first.map(({ row }) => row))
    : undefined;
  const sexes = compared
    ? readSexes(labels, requireColumn(labels, "sex", columns.sex), options.sexLevels)
    : undefined;
  const codes = new Map<Sex, number>();
  const people = first.map(({ person, row }) => {
    const sex = sexes?.get(person);
    if (sex !== undefined && !codes.has(sex)) codes.set(sex, codes.size);
    const age = ages?.cells.get(labels.key(row)) ?? null;
    return {
      participant: person,
      stratum: JSON.stringify(strataColumns.map((column) => row[column])),
      age: age === null ? NaN : Number(age),
      sex: sex === undefined ? NaN : codes.get(sex)!,
    };
  });
  return { people, warnings: ages?.warnings ?? [] };
}

/** Indices of the people of each stratum. Strata of one person are pooled, so that they can be divided. */
function groupStrata(people: readonly Person[]): number[][] {
  const strata = new Map<string, number[]>();
  people.forEach(({ stratum }, index) => {
    const members = strata.get(stratum);
    if (members) members.push(index);
    else strata.set(stratum, [index]);
  });
  const sorted = [...strata].sort(([a], [b]) => compareText(a, b)).map(([, members]) => members);
  const single = sorted.filter((members) => members.length === 1).flat();
  return [...sorted.filter((members) => members.length > 1), ...single.length > 0 ? [single] : []];
}

/** 1 for everyone in the test set. */
function drawStratified(
  strata: readonly number[][],
  total: number,
  heldOutCount: number,
  seed: number,
  number: number,
): Uint8Array {
  const random = new Random(seed, "split.holdout", number);
  const shares = strata.map((members) => members.length * heldOutCount / total);
  const counts = shares.map(Math.floor);
  const short = heldOutCount - counts.reduce((sum, count) => sum + count, 0);
  // Strata with the largest remainders contribute one more; ties are drawn at random.
  const order = random.shuffle(strata.map((_, i) => i))
    .sort((a, b) => (shares[b] - counts[b]) - (shares[a] - counts[a]));
  for (const stratum of order.slice(0, short)) counts[stratum]++;
  const chosen = new Uint8Array(total);
  strata.forEach((members, i) => {
    for (const person of random.shuffle([...members]).slice(0, counts[i])) chosen[person] = 1;
  });
  return chosen;
}

function createComparison(people: readonly Person[]) {
  const sexCount = people.reduce((most, { sex }) => sex >= most ? sex + 1 : most, 0);
  return (chosen: Uint8Array): { age: TestResult; sex: TestResult } => {
    const ages: [number[], number[]] = [[], []];
    const sexes = [new Array<number>(sexCount).fill(0), new Array<number>(sexCount).fill(0)];
    people.forEach(({ age, sex }, index) => {
      const side = chosen[index];
      ages[side].push(age);
      if (!Number.isNaN(sex)) sexes[side][sex]++;
    });
    return {
      age: tTestOf(moments(ages[1]), moments(ages[0])),
      sex: chiSquareTest(sexes),
    };
  };
}

function sides(people: readonly Person[], chosen: Uint8Array) {
  return {
    train: people.filter((_, i) => chosen[i] === 0).map((person) => person.participant),
    heldOut: people.filter((_, i) => chosen[i] === 1).map((person) => person.participant),
  };
}
