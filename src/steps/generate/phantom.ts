import { z } from "zod";
import { defineStep } from "../../workflow/step.ts";
import {
  declareDataset,
  extent,
  GENERATION_THREADS,
  generationOutputs,
  n_subjects,
  POPULATION_TEXT,
  seed,
} from "./parameters.ts";

/** An image's cost as measured on one thread, and its size in a compressed file. */
const SECONDS_PER_VOXEL = 4e-7;
const BYTES_PER_VOXEL = 1.65;

const params = z.object({
  n_subjects,
  n_sessions: z.int().min(1).max(20).default(1)
    .describe("Sessions of each participant, a year apart."),
  seed,
  image_size: z.union([extent, z.tuple([extent, extent, extent])]).default([169, 208, 179])
    .describe("Voxels along x, y and z, or of a cube."),
  strength: z.number().min(0).max(2).default(1)
    .describe("How far AD and CN are apart; 0 makes them alike."),
});

type Params = z.output<typeof params>;

export default defineStep({
  kind: "generate.phantom",
  version: 1,
  summary: "Makes T1-weighted heads from nothing; AD and CN differ in shape",
  description: `Heads with scalp, skull, folded cortex, white matter, deep nuclei, ventricles and
hippocampi, an anatomy for each participant, noise and a bias field. AD differs from CN by wider
ventricles and smaller hippocampi, which overlap; the intensity histogram shows next to nothing of the
class. Voxels are cubes; a field of view of 169 x 208 x 179 mm fits in the grid.

${POPULATION_TEXT}`,
  params,
  inputs: {},
  outputs: generationOutputs,
  runs: "worker",
  cpu: GENERATION_THREADS,
  preflight: declareDataset(({ image_size, n_subjects, n_sessions }: Params) => ({
    images: 2 * n_subjects * n_sessions,
    shape: gridShape(image_size),
  })),
  estimate({ image_size, n_subjects, n_sessions }) {
    const [x, y, z] = gridShape(image_size);
    const voxels = 2 * n_subjects * n_sessions * x * y * z;
    const threads = Math.min(GENERATION_THREADS, navigator.hardwareConcurrency);
    return {
      seconds: voxels * SECONDS_PER_VOXEL / threads,
      diskBytes: voxels * BYTES_PER_VOXEL,
      publishedBytes: { caps: voxels * BYTES_PER_VOXEL },
    };
  },
  run: async (context) => {
    const { planPhantoms } = await import("../../imaging/generate/plan.ts");
    const { generateDataset } = await import("./generate_dataset.ts");
    const { n_subjects, n_sessions, seed, image_size, strength } = context.params;
    const population = { nSubjects: n_subjects, seed };
    const shape = gridShape(image_size);
    return await generateDataset(
      context,
      planPhantoms(population, n_sessions, { shape, strength }),
    );
  },
});

function gridShape(size: number | [number, number, number]): [number, number, number] {
  return typeof size === "number" ? [size, size, size] : size;
}
