/**
 * Bias field and affine registration of single heads by Gyrus and by ANTs, as Clinica's t1-linear runs
 * it, one after the other: seconds, memory, and how much the results differ.
 *
 *     GYRUS_PYTHON=VENV/bin/python deno run -A tests/steps/preprocess/t1_linear_bench.ts TEMPLATE BRAIN HEAD...
 *
 * The Python needs antspyx. TEMPLATE is mni_icbm152_t1_tal_nlin_sym_09c, BRAIN its mask, and each HEAD
 * a raw T1-weighted image. Gyrus runs on one thread; ANTs on two, unless
 * ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS names another number. Seconds leave out the start of the program
 * and the files; those of a registration contain the template's part and the resampling.
 */
import { transformPoint } from "../../../src/imaging/nifti/affine.ts";
import { SPLINE_DISTANCES } from "../../../src/imaging/preprocess/head.ts";
import { measureRegistration } from "../../../src/imaging/registration_quality/measures.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";
import { readScalarImage } from "./read_scalar_image.ts";

/** What both programs print. */
interface Answer {
  /** Template's mm to head's mm, RAS, row-major 4 by 4. */
  affine: number[];
  /** By the clock. */
  field_s: number;
  registration_s: number;
  /** Of both, on all threads. */
  processor_s: number;
  peak_mb: number;
}

const [templatePath, brainPath, ...heads] = Deno.args;
const python = Deno.env.get("GYRUS_PYTHON");
if (heads.length === 0 || python === undefined) {
  throw new Error("usage: GYRUS_PYTHON=PYTHON t1_linear_bench.ts TEMPLATE BRAIN HEAD...");
}
const here = (name: string) => new URL(name, import.meta.url).pathname;

/** One head; the programs write their images into a folder of their own. */
async function run(program: string, args: readonly string[], head: string) {
  const folder = await Deno.makeTempDir({ dir: work });
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args, templatePath, head, folder],
    env: { ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS: "2", ...Deno.env.toObject() },
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  const answer: Answer = JSON.parse(new TextDecoder().decode(stdout));
  const field = await readScalarImage(`${folder}/field.nii.gz`);
  const registered = await readScalarImage(`${folder}/registered.nii.gz`);
  return { ...answer, affine: Float64Array.from(answer.affine), field, registered };
}

/** Of the logarithms of two fields, over the voxels of the head above 0. */
function rmsOfLogs(a: ScalarImage, b: ScalarImage, head: ScalarImage): number {
  let sum = 0, count = 0;
  head.data.forEach((value, at) => {
    if (!(value > 0)) return;
    sum += Math.log(a.data[at] / b.data[at]) ** 2;
    count++;
  });
  return Math.sqrt(sum / count);
}

/** Mean and largest distance in mm between where two affines take the voxels of the brain. */
function displacement(a: Float64Array, b: Float64Array, brain: ScalarImage): [number, number] {
  const [nx, ny, nz] = brain.shape;
  let sum = 0, count = 0, largest = 0;
  for (let z = 0, at = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, at++) {
        if (!(brain.data[at] > 0.5)) continue;
        const point = transformPoint(brain.affine, [x, y, z]);
        const [from, to] = [transformPoint(a, point), transformPoint(b, point)];
        const distance = Math.hypot(...from.map((value, axis) => value - to[axis]));
        sum += distance;
        count++;
        largest = Math.max(largest, distance);
      }
    }
  }
  return [sum / count, largest];
}

const template = await readScalarImage(templatePath);
const brain = await readScalarImage(brainPath);
const work = await Deno.makeTempDir();
try {
  const table: Record<string, Record<string, string>> = {};
  for (const path of heads) {
    const ours = await run(Deno.execPath(), ["run", "-A", here("t1_linear_once.ts")], path);
    const distance = String(SPLINE_DISTANCES["t1-linear"]);
    const theirs = await run(python, [here("t1_linear_ants.py"), distance], path);
    const [mean, largest] = displacement(ours.affine, theirs.affine, brain);
    const [correlation, theirCorrelation] = [ours, theirs].map(({ registered, affine }) =>
      measureRegistration({ registered, template, affine, mutualInformation: NaN, fieldRange: NaN })
        .correlation.toFixed(4)
    );
    const seconds = (of: Omit<Answer, "affine">) => of.field_s + of.registration_s;
    const pair = (name: Exclude<keyof Answer, "affine">, digits: number) =>
      `${ours[name].toFixed(digits)} / ${theirs[name].toFixed(digits)}`;
    table[path.split("/").at(-1)!] = {
      "field s": pair("field_s", 1),
      "registration s": pair("registration_s", 1),
      "processor s": pair("processor_s", 1),
      ratio: (seconds(ours) / seconds(theirs)).toFixed(3),
      "peak MB": pair("peak_mb", 0),
      "log field RMS": rmsOfLogs(ours.field, theirs.field, await readScalarImage(path))
        .toExponential(1),
      "mean, max mm": `${mean.toFixed(2)}, ${largest.toFixed(2)}`,
      correlation: `${correlation} / ${theirCorrelation}`,
    };
  }
  console.log("Gyrus / ANTs:");
  console.table(table);
} finally {
  await Deno.remove(work, { recursive: true });
}
