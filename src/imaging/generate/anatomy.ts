/**
 * The anatomy of one synthetic head, drawn from a seed: sizes in mm, intensities as shares of
 * white matter's.
 */
import { Random } from "../../random.ts";

export type Diagnosis = "AD" | "CN";

export interface Anatomy {
  /** Relative size of the head along x (right), y (anterior) and z (superior). */
  headScale: [number, number, number];
  /** Rigid misalignment that registration left: mm, and radians about x, y and z. */
  translation: [number, number, number];
  rotation: [number, number, number];
  scalpThickness: number;
  skullThickness: number;
  /** Width of the fluid between skull and brain. */
  subarachnoidGap: number;
  corticalThickness: number;
  /** Half the width of an open sulcus, every 10 mm of height: {@link sulcalHalfWidthAt}. */
  sulcalHalfWidths: Float64Array;
  sulcalDepth: number;
  /** Radius of the lateral ventricles relative to a healthy mean, per side (left, right). */
  ventricleScale: [number, number];
  /** Length of the ventricular horns relative to the mean. */
  ventricleLength: number;
  /** Radius of the hippocampi relative to a healthy mean, per side (left, right). */
  hippocampusScale: [number, number];
  /** Waves of the folding pattern, four numbers each: 2 pi / wavelength along x, y, z; phase. */
  folds: Float64Array;
  intensity: {
    scalp: number;
    skull: number;
    marrow: number;
    muscle: number;
    fluid: number;
    greyMatter: number;
    whiteMatter: number;
    deepGrey: number;
  };
  /** Exponents of the log of the receive field: x, y, z, x^2, y^2, z^2, xy, yz, xz. */
  bias: number[];
  /** Standard deviation of the noise relative to white matter. */
  noise: number;
}

/** What is known of a participant at a session. */
export interface Subject {
  diagnosis: Diagnosis;
  /** Years. */
  age: number;
  sex: "M" | "F";
  /** Years since the participant's first session. */
  followUp: number;
}

const FOLD_WAVES = 10;

/**
 * Draws a head. Patients differ from controls in two things only: wider lateral ventricles and
 * smaller hippocampi, both of which overlap between the classes and scale with `strength`
 * (1: the means of each lie about three and a half standard deviations apart). Whatever could
 * betray the class without shapes being looked at is drawn from one distribution for both: head
 * size, thickness of cortex, sulci and skull, and every tissue's brightness. Sulci narrow where
 * ventricles are wide, so that an intensity histogram shows next to nothing of the class.
 *
 * @param seed of the data set
 * @param participant number of the participant, which alone fixes the anatomy
 * @param strength of the difference between AD and CN; 0 makes the classes alike
 */
export function drawAnatomy(
  seed: number,
  participant: number,
  subject: Subject,
  strength: number,
): Anatomy {
  const random = new Random(seed, "phantom anatomy", participant);
  const normal = (mean: number, deviation: number, low: number, high: number) =>
    Math.min(high, Math.max(low, random.normal(mean, deviation)));

  const sexScale = subject.sex === "M" ? 1.012 : 0.988;
  const size = random.normal(sexScale, 0.02);
  const headScale: Anatomy["headScale"] = [
    Math.min(1.06, size * random.normal(1, 0.015)),
    Math.min(1.06, size * random.normal(1, 0.015)),
    Math.min(1.06, size * random.normal(1, 0.015)),
  ];
  const patient = subject.diagnosis === "AD" ? 1 : 0;
  const years = subject.followUp;
  const ageing = 0.004 * (subject.age - 72);
  const ventricle = normal(1 + ageing, 0.14, 0.65, 2.4) +
    patient * strength * (0.5 + 0.02 * years) + 0.006 * years;
  const hippocampus = normal(1 - ageing / 2, 0.06, 0.75, 1.2) -
    patient * strength * (0.2 + 0.012 * years) - 0.003 * years;
  const asymmetry = random.normal(0, 0.04);
  const greyMatter = random.uniform(0.52, 0.7);
  return {
    headScale,
    translation: [random.normal(0, 1), random.normal(0, 1), random.normal(0, 1)],
    rotation: [random.normal(0, 0.02), random.normal(0, 0.02), random.normal(0, 0.02)],
    scalpThickness: normal(5.5, 1, 3.5, 8),
    skullThickness: normal(6.5, 0.9, 4.5, 9),
    subarachnoidGap: normal(2.2, 0.6, 1, 4),
    corticalThickness: normal(2.9, 0.25, 2.2, 3.6),
    sulcalHalfWidths: drawSulci(random, ventricle),
    sulcalDepth: normal(15, 1.5, 11, 19),
    ventricleScale: [ventricle * (1 - asymmetry), ventricle * (1 + asymmetry)],
    ventricleLength: normal(1, 0.05, 0.85, 1.15),
    hippocampusScale: [
      Math.max(0.3, hippocampus * (1 + asymmetry / 2)),
      Math.max(0.3, hippocampus * (1 - asymmetry / 2)),
    ],
    folds: drawFolds(random),
    intensity: {
      scalp: random.uniform(0.85, 1.25),
      skull: random.uniform(0.08, 0.18),
      marrow: random.uniform(0.3, 0.5),
      muscle: random.uniform(0.4, 0.55),
      fluid: random.uniform(0.12, 0.3),
      greyMatter,
      whiteMatter: 1,
      deepGrey: greyMatter + random.uniform(0.06, 0.14),
    },
    bias: [0.05, 0.06, 0.06, 0.05, 0.05, 0.05, 0.03, 0.03, 0.03].map((deviation) =>
      random.normal(0, deviation)
    ),
    noise: random.uniform(0.015, 0.04),
  };
}

/**
 * A head of mean sizes and intensities, half a patient and half healthy, without misalignment, noise or
 * receive field: the template that drawn heads can be registered to.
 */
export function meanAnatomy(): Anatomy {
  return {
    headScale: [1, 1, 1],
    translation: [0, 0, 0],
    rotation: [0, 0, 0],
    scalpThickness: 5.5,
    skullThickness: 6.5,
    subarachnoidGap: 2.2,
    corticalThickness: 2.9,
    sulcalHalfWidths: new Float64Array(COMPENSATION.length).fill(1.2),
    sulcalDepth: 15,
    ventricleScale: [1.25, 1.25],
    ventricleLength: 1,
    hippocampusScale: [0.9, 0.9],
    folds: drawFolds(new Random(0, "phantom template")),
    intensity: {
      scalp: 1.05,
      skull: 0.13,
      marrow: 0.4,
      muscle: 0.475,
      fluid: 0.21,
      greyMatter: 0.61,
      whiteMatter: 1,
      deepGrey: 0.71,
    },
    bias: new Array(9).fill(0),
    noise: 0,
  };
}

/** Plane waves in random directions, whose zeros become the sulci. */
function drawFolds(random: Random): Float64Array {
  const folds = new Float64Array(4 * FOLD_WAVES);
  for (let at = 0; at < folds.length; at += 4) {
    const frequency = 2 * Math.PI / random.uniform(19, 27);
    const z = random.uniform(-1, 1);
    const angle = random.uniform(0, 2 * Math.PI);
    const phase = random.uniform(0, 2 * Math.PI);
    const across = Math.sqrt(1 - z * z) * frequency;
    folds.set(
      [across * Math.cos(angle), across * Math.sin(angle), z * frequency, phase],
      at,
    );
  }
  return folds;
}

const LOWEST_SULCUS = -50;
const SULCUS_STEP = 10;

/** Half the width in mm of open sulci at a height in mm. */
export function sulcalHalfWidthAt(anatomy: Anatomy, z: number): number {
  const widths = anatomy.sulcalHalfWidths;
  const at = Math.min(widths.length - 1, Math.max(0, (z - LOWEST_SULCUS) / SULCUS_STEP));
  const below = Math.floor(at);
  const above = Math.min(below + 1, widths.length - 1);
  return widths[below] + (at - below) * (widths[above] - widths[below]);
}

/**
 * By how much sulci narrow, in mm at each height, where ventricles have twice the mean
 * cross-section: half of what would keep an axial slice's mean brightness (measured on rendered
 * heads), because cortex differs from fluid and white matter alike.
 */
const COMPENSATION = [0, 0, 0, 0.02, 0.02, 0.07, 0.4, 0.2, 0.02, 0, 0, 0, 0, 0];

function drawSulci(random: Random, ventricle: number): Float64Array {
  const mean = Math.min(1.6, Math.max(0.6, random.normal(1.2, 0.25)));
  const local = Array.from({ length: COMPENSATION.length + 1 }, () => random.normal(0, 0.3));
  return Float64Array.from(
    COMPENSATION,
    (share, i) =>
      Math.max(0.25, mean + (local[i] + local[i + 1]) / 2 - share * (ventricle ** 2 - 1)),
  );
}
