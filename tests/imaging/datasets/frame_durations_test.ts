import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { readFrameDurations } from "../../../src/imaging/datasets/frame_durations.ts";
import { withTree } from "./trees.ts";

const IMAGE = "sub-01/ses-1/pet/sub-01_ses-1_trc-FDG_pet.nii.gz";
const SIDECAR = IMAGE.replace(".nii.gz", ".json");

async function read(files: Record<string, unknown>, volumes = 3): Promise<number[] | undefined> {
  let durations: number[] | undefined;
  const texts = Object.entries(files).map(([path, fields]) => [path, JSON.stringify(fields)]);
  await withTree({ [IMAGE]: undefined, ...Object.fromEntries(texts) }, (root) => {
    durations = readFrameDurations(root, IMAGE, volumes);
    return Promise.resolve();
  });
  return durations;
}

Deno.test("durations come from the nearest JSON file that describes the image", async () => {
  assertEquals(await read({}), undefined);
  assertEquals(await read({ [SIDECAR]: { FrameDuration: [1, 2, 3] } }), [1, 2, 3]);
  const above = { "pet.json": { FrameDuration: [5, 5, 5] }, "T1w.json": { FrameDuration: [9] } };
  assertEquals(await read(above), [5, 5, 5]);
  const of = (seconds: number) => ({ FrameDuration: [seconds, seconds, seconds] });
  assertEquals(
    await read({
      ...above,
      "sub-01/sub-01_trc-FDG_pet.json": of(7),
      "sub-01/sub-01_pet.json": of(6),
      "sub-01/sub-01_trc-PIB_pet.json": of(8),
    }),
    [7, 7, 7],
  );
  assertEquals(await read({ ...above, [SIDECAR]: { TracerName: "FDG" } }), [5, 5, 5]);
});

Deno.test("durations that can't be those of the volumes are refused", async () => {
  const problems: [Record<string, unknown>, string][] = [
    [{ FrameDuration: [1, 2] }, "FrameDuration has 2 values, but the image has 3 volumes"],
    [{ FrameDuration: [1, 0, 2] }, "FrameDuration must be above 0 for every volume"],
    [{ FrameDuration: [1, "2", 3] }, "FrameDuration must be a list of numbers, in seconds"],
    [
      { FrameDuration: [1, 1, 1], FrameTimesStart: [0, 1] },
      "FrameTimesStart has 2 values, but the image has 3 volumes",
    ],
    // As in an example of BIDS, where these are the ends of the volumes.
    [
      { FrameDuration: [10, 20, 30], FrameTimesStart: [0, 10, 20] },
      "volume 1 starts at 10 s and lasts 20 s, but the next starts at 20 s; correct one of them",
    ],
  ];
  for (const [fields, problem] of problems) {
    await withTree({ [SIDECAR]: JSON.stringify(fields) }, (root) => {
      assertThrows(() => readFrameDurations(root, IMAGE, 3), DataError, problem);
      return Promise.resolve();
    });
  }
  const rounded = { FrameDuration: [10.4, 20, 30], FrameTimesStart: [0, 10, 30] };
  assertEquals(await read({ [SIDECAR]: rounded }), [10.4, 20, 30]);
});
