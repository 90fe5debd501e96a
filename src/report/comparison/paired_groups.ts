/** Paired tests of a group of predictions in two runs, on the participants of both. */
import { predictionsMeta } from "../../artifacts/predictions.ts";
import { DataError } from "../../errors.ts";
import type { BootstrapOptions } from "../../evaluation/bootstrap.ts";
import { comparePaired, type MetricDifference } from "../../evaluation/paired_comparison.ts";
import { correctedTTest } from "../../evaluation/paired_tests.ts";
import {
  averageByParticipant,
  commonParticipants,
  type ParticipantPredictions,
} from "../../evaluation/participant_predictions.ts";
import type { Predictions } from "../../evaluation/predictions.ts";
import type { ComparedMetric, PairData, PairedTestData } from "../data.ts";
import { type GroupMember, imagePredictions, trainingParticipants } from "../group_members.ts";
import { rounded } from "../rounding.ts";

/** A group in one run. */
export interface GroupInRun {
  run: string;
  classes: readonly string[];
  selectionMetric: string;
  members: readonly GroupMember[];
  /** By metric. */
  metrics: Readonly<Record<string, ComparedMetric>>;
}

interface Loaded extends GroupInRun {
  folds: Predictions[];
  averaged: ParticipantPredictions;
}

type Pair = Omit<PairData, "run">;

/** @param first the run that `second` is compared with */
export async function comparePair(
  first: GroupInRun,
  second: GroupInRun,
  options: BootstrapOptions,
): Promise<Pair> {
  try {
    return await testPair(first, second, options);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return refused(`predictions or models can't be read: ${error.message}`);
  }
}

function refused(reason: string): Pair {
  return { participants: 0, warnings: [], refused: reason, metrics: [] };
}

async function testPair(
  first: GroupInRun,
  second: GroupInRun,
  options: BootstrapOptions,
): Promise<Pair> {
  if (first.members.length === 0 || second.members.length === 0) {
    return refused("the predictions are not in the cache, or not those of a step `predict`");
  }
  const [one, other] = [labelsOf(first), labelsOf(second)];
  if (one !== other) return refused(`the runs predict different labels: ${one}, and ${other}`);
  const sides = [await load(first), await load(second)] as const;
  const common = commonParticipants(sides[0].averaged.predictions, sides[1].averaged.predictions);
  const people = common.first.participants;
  if (people.length === 0) return refused("no participant is in both test sets");
  const differing = people.filter((_, row) =>
    common.first.trueLabels[row] !== common.second.trueLabels[row]
  );
  if (differing.length > 0) {
    return refused(
      `true labels differ between the runs for ${participantsText(differing.length)}, such as ` +
        differing[0],
    );
  }
  const warnings = [...testSetWarnings(sides, people.length), ...sides.flatMap(leakageWarnings)];
  const folds = await testToTrain(sides);
  if (folds.warning !== undefined) warnings.push(folds.warning);
  return {
    participants: people.length,
    warnings,
    refused: null,
    metrics: comparePaired(common.first, common.second, options).map((found) => ({
      metric: found.metric,
      first: rounded(found.first),
      second: rounded(found.second),
      difference: rounded(found.difference),
      lower: rounded(found.lower),
      upper: rounded(found.upper),
      tests: [
        ...pairedTest(found),
        ...folds.ratio === undefined
          ? []
          : correctedTest(first.metrics[found.metric], second.metrics[found.metric], folds.ratio),
      ],
    })),
  };
}

function labelsOf({ members, classes }: GroupInRun): string {
  const { label } = predictionsMeta(members[0].predictions);
  return classes.length === 0 ? label : `${label} (${classes.join(", ")})`;
}

async function load(side: GroupInRun): Promise<Loaded> {
  const folds = await Promise.all(
    side.members.map((member) => imagePredictions(member, side.selectionMetric)),
  );
  return { ...side, folds, averaged: averageByParticipant(folds) };
}

/** Participants that are in one test set only, or left out of it. */
function testSetWarnings(sides: readonly [Loaded, Loaded], common: number): string[] {
  const extra = sides.map(({ averaged }) => averaged.predictions.participants.length - common);
  const warnings = sides.filter(({ averaged }) => averaged.ambiguous.length > 0).map((
    { run, averaged: { ambiguous } },
  ) =>
    `${
      participantsText(ambiguous.length)
    } of run ${run} whose sessions have different true labels ` +
    `are left out, such as ${ambiguous[0]}`
  );
  if (extra.every((count) => count === 0)) return warnings;
  const only = sides.map(({ run }, i) => `${extra[i]} in run ${run} alone`).join(", ");
  return [
    `the test sets differ: ${participantsText(common)} in both, ${only}; ` +
    "the tests use those in both",
    ...warnings,
  ];
}

function leakageWarnings({ run, members }: Loaded): string[] {
  const isSeen = members.some(({ predictions }) =>
    predictionsMeta(predictions).leakage === "predicting on training data"
  );
  return isSeen ? [`run ${run} predicts participants that its models were trained on`] : [];
}

/**
 * Test participants for each one of the training set: the larger ratio of the two runs, averaged over
 * folds. Undefined, with the reason, where folds can't be paired.
 */
async function testToTrain(
  [first, second]: readonly [Loaded, Loaded],
): Promise<{ ratio?: number; warning?: string }> {
  const names = first.members.map(({ fold }) => fold);
  if (names.length < 2 && second.members.length < 2) return {};
  const skipped = (reason: string) => ({ warning: `no corrected t-test over splits: ${reason}` });
  const others = second.members.map(({ fold }) => fold);
  if (new Set(names).size < names.length || names.toSorted().join() !== others.toSorted().join()) {
    return skipped("the runs have different splits");
  }
  const tested = first.folds.map(participantsKey);
  const pairedWith = names.map((name) => others.indexOf(name));
  if (tested.some((key, i) => key !== participantsKey(second.folds[pairedWith[i]]))) {
    return skipped("a split is tested on different participants in the two runs");
  }
  let sum = 0;
  for (const [index, fold] of first.folds.entries()) {
    const trained = [
      await trainingParticipants(first.members[index]),
      await trainingParticipants(second.members[pairedWith[index]]),
    ];
    if (trained[0] === undefined || trained[1] === undefined) {
      return skipped("the size of a training set is not known");
    }
    sum += new Set(fold.participants).size / Math.min(trained[0], trained[1]);
  }
  return {
    ratio: sum / names.length,
    ...(new Set(tested).size === 1 && {
      warning:
        "all splits are tested on the same participants: the corrected t-test is about other " +
        "training sets, not about other participants",
    }),
  };
}

function participantsKey({ participants }: Predictions): string {
  return [...new Set(participants)].sort().join("\n");
}

function pairedTest({ test }: MetricDifference): PairedTestData[] {
  return test ? [describeTest(test.name, test)] : [];
}

function correctedTest(
  first: ComparedMetric | undefined,
  second: ComparedMetric | undefined,
  ratio: number,
): PairedTestData[] {
  const differences = Object.keys(first?.folds ?? {}).map((fold) => {
    const [one, other] = [first?.folds[fold] ?? NaN, second?.folds[fold] ?? NaN];
    return other - one;
  });
  return [describeTest("corrected t", correctedTTest(differences, ratio))];
}

function describeTest(
  test: PairedTestData["test"],
  { statistic, p }: { statistic: number; p: number },
): PairedTestData {
  return { test, statistic: rounded(statistic), p: rounded(p), adjusted: null };
}

function participantsText(count: number): string {
  return `${count} participant${count === 1 ? "" : "s"}`;
}
