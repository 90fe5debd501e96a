import { assert, assertEquals } from "@std/assert";
import { Random } from "../../../src/random.ts";
import { type Diagnosis, drawAnatomy } from "../../../src/imaging/generate/anatomy.ts";
import { renderPhantom } from "../../../src/imaging/generate/phantom.ts";
import type { HeadVolume } from "../../../src/imaging/generate/volume.ts";
import { balancedAccuracy, fitLogisticRegression } from "./logistic_regression.ts";

const diagnosisOf = (participant: number): Diagnosis => participant % 2 === 0 ? "AD" : "CN";

function anatomyOf(participant: number, strength = 1, seed = 5) {
  return drawAnatomy(seed, participant, {
    diagnosis: diagnosisOf(participant),
    age: 60 + (7 * participant) % 25,
    sex: (participant >> 1) % 2 === 0 ? "F" : "M",
    followUp: 0,
  }, strength);
}

function render(participant: number, size: number): HeadVolume {
  return renderPhantom(anatomyOf(participant), [size, size, size], new Random(5, participant));
}

/** Mean around a place in mm. */
function meanAt({ shape, data, affine }: HeadVolume, place: readonly number[], radius = 2): number {
  let sum = 0, count = 0;
  for (let k = 0, at = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++, at++) {
        const distance = Math.hypot(
          ...[i, j, k].map((index, axis) =>
            affine[5 * axis] * index + affine[4 * axis + 3] - place[axis]
          ),
        );
        if (distance > radius) continue;
        sum += data[at];
        count++;
      }
    }
  }
  return sum / count;
}

Deno.test("a head has dark ventricles and skull, bright white matter and fat, and air around", () => {
  const anatomy = anatomyOf(0);
  Object.assign(anatomy, { translation: [0, 0, 0], rotation: [0, 0, 0], headScale: [1, 1, 1] });
  const head = renderPhantom(anatomy, [85, 104, 90], new Random(0, 0));
  const white = meanAt(head, [30, -10, 22], 3);
  const ventricle = meanAt(head, [9, 8, 14]);
  const scalp = meanAt(head, [0, -5, 81]);
  const skull = meanAt(head, [0, -5, 76.2], 1.2);
  const air = meanAt(head, [-80, 90, 80], 4);
  assert(ventricle < 0.5 * white, `ventricle ${ventricle}, white matter ${white}`);
  assert(scalp > 0.6 * white && skull < 0.6 * white, `scalp ${scalp}, skull ${skull}`);
  assert(air < 0.1 * white);
});

Deno.test("a head fits grids of any size, in cubic voxels about the centre", () => {
  for (const shape of [[40, 40, 40], [169, 208, 20], [33, 47, 29]] as [number, number, number][]) {
    const head = renderPhantom(anatomyOf(1), shape, new Random(0, 0));
    assertEquals(head.data.length, shape[0] * shape[1] * shape[2]);
    const [size] = head.affine;
    assertEquals([head.affine[5], head.affine[10]], [size, size]);
    assert(shape[1] * size >= 208 - 1e-9);
    assert(head.data.every(Number.isFinite));
  }
});

Deno.test("the same seed gives the same voxels, another participant a different head", () => {
  assertEquals(render(3, 32).data, render(3, 32).data);
  const [a, b] = [render(3, 32), render(5, 32)];
  assert(a.data.some((value, at) => Math.abs(value - b.data[at]) > 100));
});

Deno.test("ventricles and hippocampi tell the classes apart, and overlap", () => {
  const anatomies = Array.from({ length: 400 }, (_, participant) => anatomyOf(participant));
  const values = (diagnosis: Diagnosis, name: "ventricleScale" | "hippocampusScale") =>
    anatomies.filter((_, participant) => diagnosisOf(participant) === diagnosis)
      .map((anatomy) => (anatomy[name][0] + anatomy[name][1]) / 2).sort((a, b) => a - b);
  const [wide, normal] = [values("AD", "ventricleScale"), values("CN", "ventricleScale")];
  assert(wide[100] > normal[190] && wide[0] < normal[199], "apart by the middle, not by the ends");
  const [small, large] = [values("AD", "hippocampusScale"), values("CN", "hippocampusScale")];
  assert(small[190] < large[100] && small[199] > large[0]);
});

Deno.test("at strength 0 the classes are alike, and follow-up widens ventricles of patients more", () => {
  const subject = { age: 70, sex: "F", followUp: 0 } as const;
  const width = (diagnosis: Diagnosis, strength: number, followUp: number) =>
    drawAnatomy(1, 2, { ...subject, diagnosis, followUp }, strength).ventricleScale[0];
  assertEquals(width("AD", 0, 0), width("CN", 0, 0));
  const growth = (diagnosis: Diagnosis) => width(diagnosis, 1, 3) - width(diagnosis, 1, 0);
  assert(growth("AD") > 2 * growth("CN") && growth("CN") > 0);
});

Deno.test("mean and histogram of min-max-normalised slices tell little of the class", () => {
  const size = 48, bins = 16;
  const features: number[][] = [];
  for (let participant = 0; participant < 160; participant++) {
    const { data } = render(participant, size);
    features.push(
      [22, 24, 26, 28].flatMap((z) =>
        histogram(data.subarray(z * size * size, (z + 1) * size * size), bins)
      ),
    );
  }
  const truth = features.map((_, participant) => participant % 2);
  let sum = 0;
  for (const test of [0, 1]) {
    const isTest = (participant: number) => (participant >> 1) % 2 === test;
    const pick = <T>(items: readonly T[], wanted: boolean) =>
      items.filter((_, participant) => isTest(participant) === wanted);
    const predict = fitLogisticRegression(pick(features, false), pick(truth, false));
    const predicted = pick(features, true).map((row) => predict(row) > 0 ? 1 : 0);
    sum += balancedAccuracy(predicted, pick(truth, true)) / 2;
  }
  assert(sum < 0.7, `balanced accuracy ${sum}`);
});

function histogram(slice: Float32Array, bins: number): number[] {
  const low = Math.min(...slice), high = Math.max(...slice);
  const counts = new Array<number>(bins).fill(0);
  let mean = 0;
  for (const value of slice) {
    const scaled = (value - low) / (high - low);
    mean += scaled / slice.length;
    counts[Math.min(bins - 1, Math.floor(scaled * bins))] += 1 / slice.length;
  }
  return [mean, ...counts];
}
