/** The demo's images: one axial slice each of generated heads, half of them of patients. */
import { drawAnatomy } from "../imaging/generate/anatomy.ts";
import { renderAxialSlice } from "../imaging/generate/phantom.ts";
import type { Dataset } from "../nn/dataset.ts";
import { Random } from "../random.ts";

/** Of heads; the experiment takes it for weights and the order of samples too. */
export const SEED = 0;

/** Voxels of a head along each axis. */
const SIDE = 64;

/** Through the bodies of the lateral ventricles, which are wider in patients. */
const SLICE = 34;

/** Difference between patients and healthy people; see {@link drawAnatomy}. */
const STRENGTH = 1;

const TRAINING = 256;
const HELD_OUT = 64;

/** Class of each label: the column of the network's output. */
export const CLASSES = ["healthy", "patient"] as const;

/** Slices, their classes, and which of them the network trains on. */
export interface LabelledSlices extends Dataset {
  readonly shape: readonly [1, number, number];
  /** `[count]` places in {@link CLASSES}. */
  readonly targets: Uint32Array<ArrayBuffer>;
  readonly training: Uint32Array<ArrayBuffer>;
  readonly heldOut: Uint32Array<ArrayBuffer>;
  /** One slice: rows from back to front of values from left to right. */
  read(participant: number): Float32Array<ArrayBuffer>;
}

/** Slices of as many participants as items; a slice is rendered when it is read. */
export function generateSlices(seed: number): LabelledSlices {
  const count = TRAINING + HELD_OUT;
  const targets = Uint32Array.from({ length: count }, (_, participant) => participant % 2);
  return {
    shape: [1, SIDE, SIDE],
    count,
    normalisation: "element",
    targets,
    training: placesBetween(0, TRAINING),
    heldOut: placesBetween(TRAINING, count),
    read: (participant) => renderSlice(seed, participant, targets[participant] === 1),
  };
}

function renderSlice(
  seed: number,
  participant: number,
  patient: boolean,
): Float32Array<ArrayBuffer> {
  const random = new Random(seed, "demo participants", participant);
  const subject = {
    diagnosis: patient ? "AD" : "CN",
    age: random.uniform(60, 85),
    sex: random.uniform() < 0.5 ? "F" : "M",
    followUp: 0,
  } as const;
  const anatomy = drawAnatomy(seed, participant, subject, STRENGTH);
  const noise = new Random(seed, "demo noise", participant);
  return renderAxialSlice(anatomy, [SIDE, SIDE, SIDE], SLICE, noise);
}

function placesBetween(first: number, end: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: end - first }, (_, at) => first + at);
}
