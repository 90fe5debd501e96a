/**
 * One head's bias field and registration by Gyrus on one thread, for t1_linear_bench.ts.
 *
 *     deno run -A t1_linear_once.ts TEMPLATE HEAD FOLDER
 *
 * Writes and prints what t1_linear_ants.py does. The peak of memory is read from /proc.
 */
import process from "node:process";
import { correctBiasField } from "../../../src/imaging/bias_field/mod.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import { SPLINE_DISTANCES } from "../../../src/imaging/preprocess/head.ts";
import { prepareFixed, registerAffine } from "../../../src/imaging/registration/mod.ts";
import { resample } from "../../../src/imaging/resampling/mod.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";
import { readScalarImage } from "./read_scalar_image.ts";

const [templatePath, headPath, folder] = Deno.args;
const template = await readScalarImage(templatePath);
const head = await readScalarImage(headPath);

const before = process.cpuUsage();
const start = performance.now();
const { corrected, field } = correctBiasField(head, {
  splineDistance: SPLINE_DISTANCES["t1-linear"],
});
const middle = performance.now();
const { affine } = await registerAffine(prepareFixed(template), corrected);
const registered = resample(corrected, template, affine);
const end = performance.now();
const { user, system } = process.cpuUsage(before);

const write = ({ shape, data, affine }: ScalarImage, name: string) =>
  Deno.writeFile(`${folder}/${name}.nii.gz`, writeNifti({ shape, voxels: data, affine }));
await write(field, "field");
await write(registered, "registered");

const peak = (await Deno.readTextFile("/proc/self/status")).match(/VmHWM:\s+(\d+) kB/);
console.log(JSON.stringify({
  affine: [...affine],
  field_s: (middle - start) / 1000,
  registration_s: (end - middle) / 1000,
  processor_s: (user + system) / 1e6,
  peak_mb: Number(peak?.[1]) / 1024,
}));
