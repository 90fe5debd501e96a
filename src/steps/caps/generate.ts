import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep } from "../../workflow/step.ts";

const extent = z.int().min(8).max(1024);
const probabilities = z.tuple([z.number().min(0), z.number().min(0), z.number().min(0)]);
const range = z.tuple([z.number(), z.number()]);

/** Threads that generation asks for; it gets no more than there are. */
const THREADS = 16;

/** A phantom's cost as measured on one thread, and its size in a compressed file. */
const SECONDS_PER_VOXEL = 4e-7;
const BYTES_PER_VOXEL = 1.65;

const params = z.object({
  kind: z.enum(["phantom", "trivial", "random", "shepplogan", "hypometabolic", "artifacts"])
    .describe("What is generated."),
  n_subjects: z.int().min(1).max(100_000).default(20).describe(
    "Participants of each class; hypometabolic: in all. Artifacts are made of every image.",
  ),
  n_sessions: z.int().min(1).max(20).default(1)
    .describe("phantom: sessions of each participant, a year apart."),
  seed: z.int().min(0).max(0xffffffff).default(0).describe("Seed of everything that is drawn."),
  image_size: z.union([extent, z.tuple([extent, extent, extent])]).default([169, 208, 179])
    .describe("phantom: voxels along x, y and z, or of a cube. shepplogan: pixels of a side."),
  strength: z.number().min(0).max(2).default(1)
    .describe("phantom: how far AD and CN are apart; 0 makes them alike."),
  image: pathParameter().optional().describe(
    "trivial, random: a T1-weighted NIfTI file to start from, where there is no in.caps.",
  ),
  mask_path: pathParameter().optional().describe(
    "trivial: folder with mask-1.nii[.gz] (AD) and mask-2.nii[.gz] (CN); the halves of the head when absent. hypometabolic: the pathology's mask; ellipsoids in MNI space when absent.",
  ),
  atrophy_percent: z.number().min(0).max(100).default(60)
    .describe("trivial: loss of signal in the masked half."),
  mean: z.number().default(0).describe("random: mean of the noise."),
  sigma: z.number().min(0).default(0.5).describe("random: standard deviation of the noise."),
  cn_subtypes_distribution: probabilities.default([1, 0, 0])
    .describe("shepplogan: probability of each subtype among controls."),
  ad_subtypes_distribution: probabilities.default([0.05, 0.85, 0.1])
    .describe("shepplogan: probability of each subtype among patients."),
  smoothing: z.boolean().default(false).describe("shepplogan: blur the images."),
  pathology: z.enum(["ad", "bvftd", "lvppa", "nfvppa", "pca", "svppa"]).default("ad")
    .describe("hypometabolic: which dementia."),
  anomaly_degree: z.number().min(0).max(100).default(30)
    .describe("hypometabolic: loss of metabolism in percent."),
  blur_sigma: z.number().min(0).max(50).default(5)
    .describe("hypometabolic: blur of the mask, voxels (ClinicaDL's sigma)."),
  artifacts: z.array(z.enum(["motion", "contrast", "noise"])).min(1)
    .default(["motion", "contrast", "noise"]).describe("artifacts: which ones, in this order."),
  translation: range.default([2, 4]).describe("artifacts: movement along an axis, mm."),
  rotation: range.default([2, 4]).describe("artifacts: rotation about an axis, degrees."),
  num_transforms: z.int().min(1).max(20).default(2).describe("artifacts: movements a scan."),
  gamma: range.default([-0.2, -0.05])
    .describe("artifacts: logarithm of the exponent that changes contrast."),
  noise_std: range.default([5, 15]).describe("artifacts: standard deviation of the noise."),
});

/** Parameters that only some kinds have. */
const BELONGS: Readonly<Record<string, readonly string[]>> = {
  n_sessions: ["phantom"],
  image_size: ["phantom", "shepplogan"],
  strength: ["phantom"],
  image: ["trivial", "random"],
  mask_path: ["trivial", "hypometabolic"],
  atrophy_percent: ["trivial"],
  mean: ["random"],
  sigma: ["random"],
  cn_subtypes_distribution: ["shepplogan"],
  ad_subtypes_distribution: ["shepplogan"],
  smoothing: ["shepplogan"],
  pathology: ["hypometabolic"],
  anomaly_degree: ["hypometabolic"],
  blur_sigma: ["hypometabolic"],
  artifacts: ["artifacts"],
  translation: ["artifacts"],
  rotation: ["artifacts"],
  num_transforms: ["artifacts"],
  gamma: ["artifacts"],
  noise_std: ["artifacts"],
};

export default defineStep({
  kind: "caps.generate",
  version: 1,
  summary: "Makes a data set: synthetic heads, or variants of real images",
  description:
    `- \`phantom\`: T1-weighted heads with scalp, skull, folded cortex, white matter, deep nuclei,
  ventricles and hippocampi, an anatomy for each participant, noise and a bias field. AD differs from
  CN by wider ventricles and smaller hippocampi, which overlap; the intensity histogram says next to
  nothing of the class. Voxels are cubes; a field of view of 169 x 208 x 179 mm fits in the grid.
- \`trivial\`: real images, one half of the head darkened: left in AD, right in CN.
- \`random\`: the first real image with noise; there is nothing to learn.
- \`shepplogan\`: 2D heads of ellipses in three subtypes; the column \`subtype\` tells which.
- \`hypometabolic\`: FDG-PET images (in.caps) with less metabolism where a dementia takes it.
- \`artifacts\`: all images of in.caps with motion, changed contrast and noise.

Published, \`caps\` is a CAPS folder with \`participants.tsv\` (one row a session: age, sex, diagnosis,
MMSE, global CDR). Images are cached one by one: more participants are added to the same ones.

Unlike ClinicaDL: everything follows the seed; nothing is downloaded (halves and regions are made from
the volume where no mask is given); the classes alternate; images may be fewer than participants;
hypometabolic and artifact images keep entities before the suffix and are found by \`custom_suffix\`; a
Shepp-Logan image is a NIfTI file with one axial slice, and every participant is listed once.`,
  params,
  inputs: {
    caps: { types: ["caps"], description: "Real images to start from.", optional: true },
  },
  outputs: {
    caps: { type: "caps", description: "The data set." },
    contact_sheet: {
      type: "figure",
      description:
        "Up to six heads of each class, AD on the left: axial, coronal and sagittal slices.",
    },
  },
  runs: "worker",
  cpu: THREADS,
  checkParams(given) {
    const defaults: Record<string, unknown> = params.parse({ kind: given.kind });
    const values: Record<string, unknown> = given;
    const problems = Object.entries(BELONGS)
      .filter(([name, kinds]) =>
        !kinds.includes(given.kind) &&
        JSON.stringify(values[name]) !== JSON.stringify(defaults[name])
      )
      .map(([name, kinds]) => ({
        parameter: name,
        message: `${name} belongs to ${kinds.join(" and ")}, not to ${given.kind}`,
      }));
    for (const name of ["cn_subtypes_distribution", "ad_subtypes_distribution"] as const) {
      const sum = given[name].reduce((total, share) => total + share, 0);
      if (Math.abs(sum - 1) > 1e-9) {
        problems.push({ parameter: name, message: `probabilities must sum to 1, not ${sum}` });
      }
    }
    return problems;
  },
  estimate(given) {
    if (given.kind !== "phantom") return {};
    const size = given.image_size;
    const voxels = typeof size === "number" ? size ** 3 : size[0] * size[1] * size[2];
    const images = 2 * given.n_subjects * given.n_sessions;
    return {
      seconds: images * voxels * SECONDS_PER_VOXEL /
        Math.min(THREADS, navigator.hardwareConcurrency),
      diskBytes: images * voxels * BYTES_PER_VOXEL,
    };
  },
  run: async (context) => {
    const { generateDataset } = await import("../generate/generate_dataset.ts");
    return await generateDataset(context);
  },
});

export type GenerateParameters = z.output<typeof params>;
