/** `preprocess.figure` on registered images and their quality, made by hand. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { capsOutput } from "../../../src/artifacts/caps.ts";
import { qualityOutput } from "../../../src/artifacts/quality.ts";
import { DataError } from "../../../src/errors.ts";
import { Canvas } from "../../../src/imaging/drawing/canvas.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import { Random } from "../../../src/random.ts";
import figure from "../../../src/steps/preprocess/figure.ts";
import { SINGLE_COHORT } from "../../../src/tables/identity.ts";
import { MemoryStore } from "../memory.ts";

const SHAPE = [34, 42, 36];
const AFFINE = Float64Array.of(5, 0, 0, -84, 0, 5, 0, -104, 0, 0, 5, -90, 0, 0, 0, 1);

/** A ball of 60 mm around a point on the x axis. */
function head(right: number, seed = 0): Uint8Array<ArrayBuffer> {
  const random = new Random(seed, "noise");
  const voxels = Float32Array.from({ length: SHAPE[0] * SHAPE[1] * SHAPE[2] }, (_, at) => {
    const [i, j, k] = [at % 34, Math.floor(at / 34) % 42, Math.floor(at / (34 * 42))];
    const radius = Math.hypot(5 * i - 84 - right, 5 * j - 104, 5 * k - 90);
    return radius < 60 ? 100 + random.uniform() : 0;
  });
  return writeNifti({ shape: SHAPE, voxels, affine: AFFINE });
}

/** Mutual informations of images that fit the less the lower they are. */
async function study(store: MemoryStore, information: readonly number[]) {
  const folder = await Deno.makeTempDir({ prefix: "gyrus-test-" });
  await Deno.writeFile(`${folder}/template.nii.gz`, head(0));
  const images = await Promise.all(information.map(async (_, i) => ({
    participant: `sub-${String(i).padStart(2, "0")}`,
    session: "ses-M000",
    path: `subjects/sub-${i}/t1_linear/sub-${i}_T1w.nii.gz`,
    cohort: SINGLE_COHORT,
    ...await store.put(head(0, i)),
  })));
  const caps = capsOutput({ source: "bids", preprocessing: "t1-linear" }, {
    images,
    sessions: { columns: ["participant_id", "session_id"], rows: [] },
  });
  const quality = qualityOutput(information.map((mutual_information, i) => ({
    ...images[i],
    result: {
      mutual_information,
      correlation: 0.6 + i / 1000,
      scale_x: 1,
      scale_y: 1,
      scale_z: 1,
      shear: 0,
      rotation: 1,
      shift: 1,
      field_range: 1.2,
    },
  })));
  return {
    folder,
    params: figure.params.parse({ template: `${folder}/template.nii.gz`, n_worst: 3 }),
    inputs: {
      caps: await store.artifact("caps", caps),
      quality: await store.artifact("quality", quality),
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Index of the colour of warnings in the pictures' palette. */
const WARNING = 3;

const INFORMATION = [0.8, 0.81, 0.79, 0.3, 0.82, 0.8, 0.78, 0.83, 0.8, 0.77, 0.81];

Deno.test("every image has a picture, and the worst are on the contact sheet in their order", async () => {
  const store = new MemoryStore();
  await using made = await study(store, INFORMATION);
  const outputs = await figure.run(store.context(made.params, made.inputs));
  const figures = await store.artifact("figures", outputs.figures);
  assertEquals(figures.files.length, INFORMATION.length);
  assertEquals(figures.files[3].path, "sub-03_ses-M000.png");
  const sheet = Canvas.decode(outputs.contact_sheet.files!["contact_sheet.png"] as Uint8Array);
  const [worst, good] = await Promise.all(
    [3, 0].map(async (i) => Canvas.decode(await figures.read(figures.files[i].path))),
  );
  const warnings = ({ pixels }: Canvas) => pixels.filter((index) => index === WARNING).length;
  assert(warnings(worst) > 100 && warnings(good) === 0, "only the outlier has a warning");
  const first = sheet.pixels.filter((_, at) =>
    at % sheet.width < sheet.width / 2 && at < sheet.pixels.length / 2
  );
  const marked = first.filter((index) => index === WARNING).length;
  assertEquals([marked > 100, marked], [true, warnings(sheet)], "the outlier comes first");
});

Deno.test("pictures are cached by image, template and what is written above", async () => {
  const store = new MemoryStore();
  await using made = await study(store, INFORMATION.slice(0, 4));
  const first = await figure.run(store.context(made.params, made.inputs));
  assertEquals(store.computed, 4 + 3);
  await using more = await study(store, INFORMATION);
  await figure.run(store.context(made.params, more.inputs));
  // Seven new images; the outlier's two pictures got a warning.
  assertEquals(store.computed, 4 + 3 + 7 + 2 + 2);
  const again = await figure.run(store.context(made.params, made.inputs));
  assertEquals(again, first);
});

Deno.test("an image without measures is named", async () => {
  const store = new MemoryStore();
  await using made = await study(store, INFORMATION.slice(0, 2));
  await using less = await study(store, INFORMATION.slice(0, 1));
  const inputs = { ...made.inputs, quality: less.inputs.quality };
  await assertRejects(
    () => figure.run(store.context(made.params, inputs)),
    DataError,
    "has no measures of sub-01 ses-M000",
  );
});
