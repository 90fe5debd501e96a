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

/** Voxels of a raw image relative to a registered one: it has a larger field of view. */
const NATIVE_SIZE = 1.6;

const params = z.object({
  n_subjects,
  n_sessions: z.int().min(1).max(20).default(1)
    .describe("Sessions of each participant, a year apart."),
  seed,
  image_size: z.union([extent, z.tuple([extent, extent, extent])]).default([169, 208, 179])
    .describe("Voxels along x, y and z, or of a cube."),
  strength: z.number().min(0).max(2).default(1)
    .describe("How far AD and CN are apart; 0 makes them alike."),
  space: z.enum(["template", "native"]).default("template").describe(
    "Where heads lie: registered, as in a CAPS, or as scanners store them, in a BIDS folder.",
  ),
  roi_list: z.array(z.enum(["leftHippocampusBox", "rightHippocampusBox"])).min(1).optional()
    .describe("Regions whose masks the data set gets, for extract.rois; none when absent."),
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

With \`space = "native"\` the heads are raw images, to try \`preprocess.t1_linear\` with the template
of \`generate.template\`: each is turned by up to 30°, up to 40 mm from the scanner's origin, 0.9 to 1.1
times as large along each axis, under a coil's field, and stored in voxels 0.9 to 1.3 times as large along
each axis, whose axes have any order and direction. Published, \`caps\` is then a BIDS folder.

The masks of \`roi_list\` are cubes of 56 mm around the hippocampi of the mean head, of as many voxels
each, in \`masks/\` under the names that ClinicaDL gives them.

${POPULATION_TEXT}`,
  params,
  inputs: {},
  outputs: generationOutputs,
  runs: "worker",
  cpu: GENERATION_THREADS,
  checkParams: ({ roi_list, space }) =>
    roi_list === undefined || space === "template" ? [] : [{
      parameter: "roi_list",
      message: "masks lie on the grid of registered heads, and these are raw",
      suggestion: 'leave roi_list out, or set space = "template"',
    }],
  preflight: declareDataset(({ image_size, n_subjects, n_sessions, space }: Params) => ({
    images: 2 * n_subjects * n_sessions,
    ...(space === "template" && { shape: gridShape(image_size) }),
  })),
  estimate({ image_size, n_subjects, n_sessions, space }) {
    const [x, y, z] = gridShape(image_size);
    const size = space === "template" ? 1 : NATIVE_SIZE;
    const voxels = 2 * n_subjects * n_sessions * x * y * z * size;
    const threads = Math.min(GENERATION_THREADS, navigator.hardwareConcurrency);
    return {
      seconds: voxels * SECONDS_PER_VOXEL / threads,
      diskBytes: voxels * BYTES_PER_VOXEL,
      publishedBytes: { caps: voxels * BYTES_PER_VOXEL },
    };
  },
  run: async (context) => {
    const { planPhantoms, planScans } = await import("../../imaging/generate/plan.ts");
    const { voxelSize } = await import("../../imaging/generate/phantom.ts");
    const { generateDataset } = await import("./generate_dataset.ts");
    const { n_subjects, n_sessions, seed, image_size, strength, space, roi_list } = context.params;
    const population = { nSubjects: n_subjects, seed };
    const shape = gridShape(image_size);
    const plan = space === "template"
      ? planPhantoms(population, n_sessions, { shape, strength }, roi_list)
      : planScans(population, n_sessions, { voxel: voxelSize(shape), strength });
    return await generateDataset(context, plan);
  },
});

function gridShape(size: number | [number, number, number]): [number, number, number] {
  return typeof size === "number" ? [size, size, size] : size;
}
