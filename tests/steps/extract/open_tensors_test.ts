import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import capsOpen from "../../../src/steps/caps/open.ts";
import { inFolder } from "../../engine/scratch.ts";
import { MemoryStore } from "../memory.ts";

const template = "space-MNI152NLin2009cSym_desc-Crop_res-1x1x1";
const region = "space-MNI152NLin2009cSym_desc-CropRoi_res-1x1x1";

/** Fields that ClinicaDL 1.6.1 writes whatever the mode. */
const common = {
  preprocessing: "t1-linear",
  use_uncropped_image: false,
  prepare_dl: true,
  extract_json: "e.json",
  file_type: {
    pattern: `*${template}_T1w.nii.gz`,
    description: "T1w Image registered in MNI152NLin2009cSym space using t1-linear pipeline and " +
      "cropped (matrix size 169\u00d7208\u00d7179, 1 mm isotropic voxels)",
    needed_pipeline: "t1-linear",
  },
};
const patchJson = { ...common, mode: "patch", patch_size: 2, stride_size: 2 };
const sliceJson = {
  ...common,
  mode: "slice",
  slice_direction: 2,
  slice_mode: "rgb",
  discarded_slices: [1],
};
const roiJson = {
  ...common,
  mode: "roi",
  roi_list: ["left", "right"],
  uncropped_roi: false,
  roi_custom_template: "",
  roi_custom_mask_pattern: "",
};

/** `.pt` files of sub-1 and sub-2 by what follows `sub-<i>_ses-M000_`. */
type Tensors = Record<string, { shape: number[]; data?: Float32Array<ArrayBuffer> }>;

const folders = {
  image: "image",
  slice: "slice",
  patch: "patch",
  CropRoi: "roi",
  CropImage: "roi",
};

function folderOf(name: string): string {
  const word = /_(patch|slice)-|desc-(CropRoi|CropImage)_/.exec(name);
  return folders[(word?.[1] ?? word?.[2] ?? "image") as keyof typeof folders];
}

function countingFrom(first: number, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: count }, (_, i) => first + i);
}

async function addTensors(caps: string, participant: number, tensors: Tensors): Promise<void> {
  for (
    const [name, { shape, data = countingFrom(participant, shape) }] of Object.entries(tensors)
  ) {
    const folder = `${caps}/subjects/sub-${participant}/ses-M000/deeplearning_prepare_data/` +
      `${folderOf(name)}_based/t1_linear`;
    await Deno.mkdir(folder, { recursive: true });
    const bytes = writeTorch({ dtype: "float32", shape, data });
    await Deno.writeFile(`${folder}/sub-${participant}_ses-M000_${name}.pt`, bytes);
  }
}

async function open(caps: string, json: object, store = new MemoryStore()) {
  await Deno.mkdir(`${caps}/tensor_extraction`, { recursive: true });
  await Deno.writeTextFile(`${caps}/tensor_extraction/e.json`, JSON.stringify(json));
  const params = capsOpen.params.parse({ caps_directory: caps, extract_json: "e" });
  const { images } = await capsOpen.run(store.context(params));
  return await store.artifact("images", images);
}

async function tensorOf(images: Awaited<ReturnType<typeof open>>, participant = 1) {
  const path = `sub-${participant}/ses-M000.safetensors`;
  const { shape, data } = readSafetensors(await images.read(path), path).tensor("data");
  return { shape: [...shape], data: [...data as Float32Array] };
}

const patchNames = (ids: number[], of = template) =>
  ids.map((id) => `${of}_patchsize-2_stride-2_patch-${id}_T1w`);
const sliceNames = (ids: number[]) =>
  ids.map((id) => `${template}_axis-axi_channel-rgb_slice-${id}_T1w`);
const named = (names: string[], shape: number[], data?: Float32Array<ArrayBuffer>): Tensors =>
  Object.fromEntries(names.map((name) => [name, { shape, data }]));

/** Three equal channels. */
const rgb = Float32Array.from({ length: 18 }, (_, i) => i % 6);

Deno.test("tensors of every mode that ClinicaDL prepared open as it names them", async () => {
  const cases: [json: object, tensors: Tensors, elements: number[], shape: number[]][] = [
    [
      { ...common, mode: "image", prepare_dl: false },
      named([`${template}_T1w`], [1, 2, 3, 4]),
      [0],
      [1, 2, 3, 4],
    ],
    [
      patchJson,
      named(patchNames(Array.from({ length: 12 }, (_, i) => i)), [1, 2, 2, 2]),
      Array.from({ length: 12 }, (_, i) => i),
      [1, 2, 2, 2],
    ],
    [sliceJson, named(sliceNames([1, 2, 3]), [3, 2, 3], rgb), [1, 2, 3], [3, 2, 3]],
    [
      roiJson,
      named([`${region}_roi-right_T1w`, `${region}_roi-left_T1w`], [1, 3, 2, 4]),
      [0, 1],
      [1, 3, 2, 4],
    ],
  ];
  for (const [json, tensors, elements, shape] of cases) {
    await inFolder(async (caps) => {
      for (const participant of [1, 2]) await addTensors(caps, participant, tensors);
      const images = await open(caps, json);
      assertEquals(images.meta.elements, elements);
      assertEquals(images.meta.element_shape, shape);
      const { shape: stored, data } = await tensorOf(images);
      assertEquals(stored, [elements.length, 1, ...shape.slice(1)]);
      assertEquals(data.slice(0, 4), "slice_mode" in json ? [0, 1, 2, 3] : [1, 2, 3, 4]);
    });
  }
});

async function addMask(caps: string, roi: string, box: number[][], shape = [4, 5, 3]) {
  const folder = `${caps}/masks/tpl-MNI152NLin2009cSym`;
  await Deno.mkdir(folder, { recursive: true });
  const voxels = Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => {
    const at = [
      i % shape[0],
      Math.floor(i / shape[0]) % shape[1],
      Math.floor(i / shape[0] / shape[1]),
    ];
    return Number(at.every((index, axis) => index >= box[axis][0] && index < box[axis][1]));
  });
  const affine = Float64Array.of(-1, 0, 0, 9, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  await Deno.writeFile(
    `${folder}/tpl-MNI152NLin2009cSym_desc-Crop_res-1x1x1_roi-${roi}_mask.nii.gz`,
    writeNifti({ shape, voxels, affine }),
  );
}

Deno.test("regions that ClinicaDL cuts when it loads images are cut by the masks of the CAPS", () =>
  inFolder(async (caps) => {
    await addTensors(caps, 1, named([`${template}_T1w`], [1, 4, 5, 3], countingFrom(0, [60])));
    await addMask(caps, "left", [[0, 2], [1, 3], [0, 1]]);
    await addMask(caps, "right", [[2, 4], [3, 5], [2, 3]]);
    const images = await open(caps, { ...roiJson, prepare_dl: false });
    assertEquals(images.meta.elements, [0, 1]);
    assertEquals(images.meta.element_shape, [1, 2, 2, 1]);
    // Voxel [x, y, z] of the tensor is 15 x + 3 y + z, as stored: the mask's axis 0 points left.
    assertEquals((await tensorOf(images)).data, [3, 6, 18, 21, 41, 44, 56, 59]);
    const whole = await open(caps, { ...roiJson, prepare_dl: false, uncropped_roi: true });
    assertEquals(whole.meta.element_shape, [1, 4, 5, 3]);
    const values = (await tensorOf(whole)).data;
    assertEquals(values.length, 120);
    assertEquals(
      values.flatMap((value, i) => value > 0 ? [i] : []),
      [3, 6, 18, 21]
        .concat([41, 44, 56, 59].map((at) => at + 60)),
    );
  }));

Deno.test("regions of different sizes open, each with its own shape", () =>
  inFolder(async (caps) => {
    const names = [`${region}_roi-left_T1w`, `${region}_roi-right_T1w`];
    await addTensors(caps, 1, named([names[0]], [1, 1, 2, 1]));
    await addTensors(caps, 1, named([names[1]], [1, 1, 1, 3]));
    const images = await open(caps, roiJson);
    assertEquals(images.meta.element_shapes, [[1, 1, 2, 1], [1, 1, 1, 3]]);
    assertEquals(await tensorOf(images), { shape: [5], data: [1, 2, 1, 2, 3] });
    await addTensors(caps, 1, named([`${template}_T1w`], [1, 4, 5, 3], countingFrom(0, [60])));
    await addMask(caps, "left", [[0, 2], [1, 2], [0, 1]]);
    await addMask(caps, "right", [[3, 4], [0, 1], [0, 3]]);
    const cut = await open(caps, { ...roiJson, prepare_dl: false });
    assertEquals(cut.meta.element_shapes, [[1, 2, 1, 1], [1, 1, 1, 3]]);
    assertEquals((await tensorOf(cut)).data, [3, 18, 45, 46, 47]);
  }));

Deno.test("masks of another grid than the tensors are refused", () =>
  inFolder(async (caps) => {
    await addTensors(caps, 1, named([`${template}_T1w`], [1, 4, 5, 4]));
    await addMask(caps, "left", [[0, 2], [1, 3], [0, 1]]);
    const json = { ...roiJson, roi_list: ["left"], prepare_dl: false };
    await assertRejects(() => open(caps, json), DataError, "the mask of left has 4 x 5 x 3");
    await assertRejects(
      () => open(caps, { ...roiJson, prepare_dl: false }),
      DataError,
      "no mask of right",
    );
  }));

Deno.test("of several extractions in one folder that of the JSON is opened", () =>
  inFolder(async (caps) => {
    const uncropped = template.replace("_desc-Crop", "");
    const ones = Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1);
    await addTensors(caps, 1, named(patchNames([0, 1]), [1, 2, 2, 2]));
    await addTensors(caps, 1, named(patchNames([0, 1, 2], uncropped), [1, 2, 2, 2], ones));
    await addTensors(caps, 1, named([`${region}_roi-left_T1w`], [1, 1, 1, 2]));
    const image = region.replace("CropRoi", "CropImage");
    await addTensors(caps, 1, named([`${image}_roi-left_T1w`], [1, 3, 1, 2]));
    const shapes: [json: object, shape: number[]][] = [
      [patchJson, [2, 1, 2, 2, 2]],
      [
        { ...patchJson, file_type: { ...common.file_type, pattern: `*${uncropped}_T1w.nii.gz` } },
        [3, 1, 2, 2, 2],
      ],
      [{ ...roiJson, roi_list: ["left"] }, [1, 1, 1, 1, 2]],
      [{ ...roiJson, roi_list: ["left"], uncropped_roi: true }, [1, 1, 3, 1, 2]],
    ];
    for (const [json, shape] of shapes) {
      assertEquals((await tensorOf(await open(caps, json))).shape, shape);
    }
  }));

const contradictions: [name: string, json: object, tensors: Tensors, message: string][] = [
  [
    "a patch is missing",
    patchJson,
    named(patchNames([0, 1, 3]), [1, 2, 2, 2]),
    "no tensor of patch 2, but one of patch 3",
  ],
  [
    "patches have another size",
    patchJson,
    named(patchNames([0]), [1, 3, 3, 3]),
    "has shape 1 x 3 x 3 x 3, not 1 x 2 x 2 x 2",
  ],
  [
    "a region is missing",
    roiJson,
    named([`${region}_roi-left_T1w`], [1, 2, 2, 2]),
    "no tensor of right",
  ],
  [
    "a region has two tensors",
    { ...roiJson, roi_list: ["left"] },
    named([`${region}_roi-left_T1w`, `${region}_part-a_roi-left_T1w`], [1, 2, 2, 2]),
    "several tensors of one element",
  ],
  [
    "a slice has one channel",
    sliceJson,
    named(sliceNames([1]), [1, 2, 3]),
    "has shape 1 x 2 x 3, not 3 x height x width",
  ],
  [
    "the channels of a slice differ",
    sliceJson,
    named(sliceNames([1]), [3, 2, 3], rgb.with(13, 9)),
    "its channels 0 and 2 differ",
  ],
  [
    "slices that the JSON discards are there",
    sliceJson,
    named(sliceNames([0, 1]), [3, 2, 3], rgb),
    "has tensors of 1 slices before 1, which the JSON discards",
  ],
  [
    "there are fewer slices than the JSON states",
    { ...sliceJson, num_slices: 3 },
    named(sliceNames([1, 2]), [3, 2, 3], rgb),
    'has tensors of 2 slices, but "num_slices" is 3',
  ],
  [
    "an image is a slice",
    { ...common, mode: "image" },
    named([`${template}_T1w`], [1, 2, 3]),
    "has shape 1 x 2 x 3, not 1 x depth x height x width",
  ],
];

for (const [name, json, tensors, message] of contradictions) {
  Deno.test(`prepared tensors are refused where ${name}`, () =>
    inFolder(async (caps) => {
      await addTensors(caps, 1, tensors);
      await assertRejects(() => open(caps, json), DataError, message);
    }));
}

Deno.test("sessions whose slices are others than the first one's are named", () =>
  inFolder(async (caps) => {
    await addTensors(caps, 1, named(sliceNames([1, 2]), [3, 2, 3], rgb));
    await addTensors(caps, 2, named(sliceNames([1, 3]), [3, 2, 3], rgb));
    await assertRejects(
      () => open(caps, sliceJson),
      DataError,
      "the same elements as sub-1 ses-M000, but not sub-2 ses-M000 (lacks 2, has 3)",
    );
    assertEquals((await open(caps, { ...sliceJson, own_slices: true })).meta.elements, [0, 1]);
  }));

Deno.test("sessions without tensors are left out with a warning", () =>
  inFolder(async (caps) => {
    await addTensors(caps, 1, named([`${template}_T1w`], [1, 2, 3, 4]));
    await Deno.mkdir(`${caps}/subjects/sub-2/ses-M000`, { recursive: true });
    const store = new MemoryStore();
    await open(caps, { ...common, mode: "image" }, store);
    assertStringIncludes(
      store.warnings[0],
      "1 session(s) have no tensors of e and are left out: sub-2 ses-M000",
    );
  }));
