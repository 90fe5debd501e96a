/** Draws a test set whose diagnosis, age and sex are distributed as in the rest. */
import { DataError } from "../errors.ts";
import { Random } from "../random.ts";
import { cellNumber, compareText, type SessionTable } from "./session_table.ts";
import { chiSquareTest, moments, type TestResult, tTestOf } from "./statistics.ts";

export interface HoldoutOptions {
  /** Size of the test set: a number of participants from 1, or a fraction of all below 1 (rounded down). */
  nTest: number;
  seed: number;
  /** A draw is taken when both p-values reach these. */
  pAgeThreshold: number;
  pSexThreshold: number;
  /** Takes the first draw, whatever ages and sexes. */
  ignoreDemographics: boolean;
  /** A column to stratify on besides the diagnosis. */
  categoricalVariable?: string;
  /** Draws before the best one so far is taken. */
  maxDraws: number;
}

export interface Holdout {
  /** Participants, sorted. */
  train: string[];
  heldOut: string[];
  /** Draws that were made. */
  draws: number;
  /** Whether both p-values reached their thresholds; true when demographics were ignored. */
  matched: boolean;
  /** Absent when demographics were ignored. */
  age?: TestResult;
  sex?: TestResult;
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
  const people = readPeople(labels, options);
  const heldOutCount = options.nTest >= 1
    ? options.nTest
    : Math.floor(options.nTest * people.length);
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
  if (options.ignoreDemographics) return { ...sides(people, draw(0)), draws: 1, matched: true };

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
      return { ...sides(people, chosen), draws: number + 1, matched: true, age, sex };
    }
  }
  if (best === undefined) throw new RangeError("maxDraws must be at least 1");
  return {
    ...sides(people, best.chosen),
    draws: options.maxDraws,
    matched: false,
    age: best.age,
    sex: best.sex,
  };
}

/** 1 and more where the p-value reaches the threshold; a test without data can't object. */
function margin(p: number, threshold: number): number {
  return Number.isNaN(p) || threshold === 0 ? Infinity : p / threshold;
}

function readPeople(labels: SessionTable, options: HoldoutOptions): Person[] {
  const strataColumns = [
    "diagnosis",
    ...options.categoricalVariable ? [options.categoricalVariable] : [],
  ]
    .map((name) => labels.column(name));
  const demographics = options.ignoreDemographics
    ? undefined
    : { age: labels.column("age"), sex: labels.column("sex") };
  const sexes = new Map<string, number>();
  return [...labels.byParticipant()].map(([participant, [row]]) => {
    const sex = demographics === undefined ? null : row[demographics.sex];
    if (sex !== null && !sexes.has(sex)) sexes.set(sex, sexes.size);
    return {
      participant,
      stratum: JSON.stringify(strataColumns.map((column) => row[column])),
      age: demographics === undefined
        ? NaN
        : cellNumber(row[demographics.age], `age of ${participant}`, labels.subject),
      sex: sex === null ? NaN : sexes.get(sex) ?? NaN,
    };
  });
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
