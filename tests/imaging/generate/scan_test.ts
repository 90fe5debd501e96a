import { assert, assertAlmostEquals } from "@std/assert";
import { meanAnatomy } from "../../../src/imaging/generate/anatomy.ts";
import { PlacedHead } from "../../../src/imaging/generate/phantom.ts";
import { drawScan, renderScan } from "../../../src/imaging/generate/scan.ts";
import { renderTemplate } from "../../../src/imaging/generate/template.ts";
import { invertAffine, transformPoint } from "../../../src/imaging/nifti/affine.ts";
import { orientationOf, spacingOf } from "../../../src/imaging/nifti/orientation.ts";
import { affineParts } from "../../../src/imaging/registration_quality/affine_parts.ts";
import { Random } from "../../../src/random.ts";

const scans = Array.from({ length: 60 }, (_, i) => drawScan(new Random(7, i), 2));

Deno.test("scans are turned, shifted and scaled within their limits, and use them", () => {
  const poses = scans.map(({ pose }) => affineParts(pose, [0, 0, 0]));
  const highest = (values: readonly number[]) => Math.max(...values);
  const rotation = highest(poses.map((pose) => pose.rotation));
  const shift = highest(poses.map((pose) => pose.shift));
  assert(rotation > 25 && rotation <= 30 + 1e-9 && shift > 35 && shift <= 40 + 1e-9);
  const scales = poses.flatMap(({ scale }) => scale);
  assert(highest(scales) <= 1.1 + 1e-9 && Math.min(...scales) >= 0.9 - 1e-9);
  assert(highest(scales) > 1.09 && Math.min(...scales) < 0.91);
});

Deno.test("their images have many orientations and voxel sizes, and the head in their middle", () => {
  assert(new Set(scans.map(({ affine }) => orientationOf(affine))).size > 25, "of 48");
  for (const { shape, affine, pose } of scans) {
    for (const size of spacingOf(affine)) assert(size >= 1.8 && size <= 2.6);
    const [x, y, z] = shape;
    const middle = transformPoint(affine, [(x - 1) / 2, (y - 1) / 2, (z - 1) / 2]);
    const centre = transformPoint(pose, [0, 0, 0]);
    middle.forEach((value, axis) => assertAlmostEquals(value, centre[axis], 1e-9));
  }
});

Deno.test("a voxel of a scan shows the point of the head that the pose puts there, under the field", () => {
  const anatomy = meanAnatomy();
  const scan = { ...drawScan(new Random(1, "scan"), 8), field: [0.5, 0, 0, 0, 0, 0, 0, 0, 0] };
  const { data, shape: [nx, ny] } = renderScan(anatomy, scan, new Random(0, "noise"));
  const head = new PlacedHead(anatomy, Math.max(...spacingOf(scan.affine)));
  const toHead = invertAffine(scan.pose);
  let bright = 0;
  for (let at = 0; at < data.length; at += 7) {
    const voxel = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))] as const;
    const place = transformPoint(scan.affine, voxel);
    const signal = 1000 * head.signalAt(...transformPoint(toHead, place));
    const expected = signal * Math.exp(0.5 * (place[0] - scan.pose[3]) / 100);
    assertAlmostEquals(data[at], expected, 0.5);
    if (signal > 500) bright++;
  }
  assert(bright > 100);
});

Deno.test("the crop of a template is where generated heads are in their images", () => {
  const shape: [number, number, number] = [42, 52, 45];
  const crop = { start: [3, 4, 0], shape } as const;
  const affine = Float64Array.of(4, 0, 0, -96, 0, 4, 0, -132, 0, 0, 4, -78, 0, 0, 0, 1);
  const template = renderTemplate({
    shape: [48, 57, 49],
    affine,
    crop: { start: [...crop.start], shape },
  });
  const direct = new PlacedHead(meanAnatomy(), 4);
  const cropped = (x: number, y: number, z: number) => template.data[x + 3 + 48 * (y + 4 + 57 * z)];
  for (const [x, y, z] of [[20, 25, 22], [10, 30, 30], [30, 12, 8], [21, 44, 15]]) {
    const signal = direct.signalAt(4 * (x - 20.5), 4 * (y - 25.5), 4 * (z - 22));
    assertAlmostEquals(cropped(x, y, z), 1000 * signal, 1e-3);
  }
});
