/** One image under two names: copied, compressed again, or with another header. */
import { gunzipSync, gzipSync } from "node:zlib";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StepError } from "../../../src/errors.ts";
import { imagePath, labelsOf, writeImage } from "../caps/hashed_caps.ts";
import { createProject, openedGroups, prediction, step, tinyTraining } from "../recipes.ts";
import type { Project } from "../workflows.ts";

const SHAPE = [32, 32, 1];

const GROUPS = { people: [0, 4], judges: [4, 2] } as const;

const TRAINING = openedGroups(Object.keys(GROUPS)) +
  tinyTraining({}, { in: { train: "people", validation: "judges" } });

/** Predicts participants of a data set that training did not open. */
const PREDICTION = TRAINING +
  step("others", "caps.open", { with: { caps_directory: "others" } }) +
  step("other_slices", "extract.slices", {
    in: { caps: "others" },
    with: { slice_direction: 2, slice_mode: "single" },
  }) +
  step("guests", "tables.open", { with: { path: "guests.tsv", content: "labels" } }) +
  prediction("guests", {}, { in: { images: "other_slices" } });

/** The same by the MAPS that the training published. */
const PUBLISHED = TRAINING + step("maps", "maps", { in: { models: "train" } }) +
  '[publish]\n"published" = "maps"\n';
const BY_MAPS = PREDICTION.replace('in.model = "train"', 'in.model = "opened"') +
  step("opened", "maps.open", { with: { maps_directory: "published" } });

/** Writes the image of sub-00 again under another name. */
type Rewrite = (bytes: Uint8Array) => Uint8Array;

/** @param change of the uncompressed file, whose header begins it */
const rewritten = (change: (file: DataView) => void): Rewrite => (bytes) => {
  const file = new Uint8Array(gunzipSync(bytes));
  change(new DataView(file.buffer));
  return gzipSync(file, { level: 1 });
};

const REWRITES: [name: string, rewrite: Rewrite][] = [
  ["compressed again", rewritten(() => {})],
  ["with another description", rewritten((file) => file.setUint8(148, 65))],
  // srow_x[3] and qoffset_x: the image is moved by a voxel.
  [
    "with another affine",
    rewritten((file) => [292, 268].forEach((at) => file.setFloat32(at, 1, true))),
  ],
];

async function rewriteImage(project: Project, target: string, rewrite: Rewrite): Promise<void> {
  const bytes = await Deno.readFile(`${project.folder}/caps/${imagePath(0)}`);
  const written = rewrite(bytes);
  await Deno.writeFile(`${project.folder}/${target}`, written);
}

/** The message of the refusal, and whether training had begun. */
async function refusal(project: Project, workflow: string): Promise<[string, boolean]> {
  let trained = false;
  const error = await assertRejects(
    () =>
      project.run(workflow, [], [], (event) => {
        if (event.type === "instance-started" && event.step === "train") trained = true;
      }),
    StepError,
  );
  return [error.message, trained];
}

Deno.test("one image under two names may not be on both sides of a training", async (t) => {
  await using project = await createProject(GROUPS, SHAPE);
  const target = `caps/${imagePath(5)}`;
  await t.step("copied", async () => {
    await rewriteImage(project, target, (bytes) => bytes);
    const [message, trained] = await refusal(project, TRAINING);
    assert(message.includes("share sub-00 and sub-05 (the same image)"), message);
    assert(!trained);
  });
  for (const [name, rewrite] of REWRITES) {
    await t.step(name, async () => {
      await rewriteImage(project, target, rewrite);
      const [message, trained] = await refusal(project, TRAINING);
      assert(
        message.includes("train and validation share sub-00 and sub-05 (the same voxels)"),
        message,
      );
      // Files of tensors hold the affine: where it differs, the tensors themselves are compared.
      assertEquals(trained, name === "with another affine");
    });
  }
  await t.step("another image is another person", async () => {
    await writeImage(`${project.folder}/caps`, 5, SHAPE);
    assertEquals((await project.run(TRAINING)).result.status, "done");
  });
});

Deno.test("a model knows the voxels that it was trained on in another data set", async (t) => {
  await using project = await createProject(GROUPS, SHAPE);
  await project.write("guests.tsv", labelsOf(8, 2));
  await writeImage(`${project.folder}/others`, 8, SHAPE);
  await writeImage(`${project.folder}/others`, 9, SHAPE);
  await t.step("others are predicted", async () => {
    const outcome = await project.run(PREDICTION);
    assertEquals(project.artifact(outcome, "predict", "predictions").meta.leakage, "none");
  });
  for (const [name, rewrite] of REWRITES) {
    await t.step(name, async () => {
      await rewriteImage(project, `others/${imagePath(9)}`, rewrite);
      const [message] = await refusal(project, PREDICTION);
      const names = "sub-00 and sub-09 (the same voxels)";
      assert(
        message.includes(`training and the predicted participants share ${names}`),
        message,
      );
    });
  }
});

Deno.test("a published MAPS knows the voxels that its networks were trained and validated on", async (t) => {
  await using project = await createProject(GROUPS, SHAPE);
  await project.run(PUBLISHED);
  await project.write("guests.tsv", labelsOf(8, 2));
  await writeImage(`${project.folder}/others`, 8, SHAPE);
  await writeImage(`${project.folder}/others`, 9, SHAPE);
  await t.step("others are predicted", async () => {
    const outcome = await project.run(BY_MAPS);
    assertEquals(project.artifact(outcome, "predict", "predictions").meta.leakage, "none");
  });
  const refused = async (who: string, what: string) => {
    const [message] = await refusal(project, BY_MAPS);
    assert(message.includes(`the predicted participants share ${who} (the same ${what})`), message);
  };
  await t.step("a copy of a training image", async () => {
    await rewriteImage(project, `others/${imagePath(9)}`, (bytes) => bytes);
    await refused("sub-00 and sub-09", "image");
  });
  const [name, rewrite] = REWRITES.at(-1)!;
  await t.step(name, async () => {
    await rewriteImage(project, `others/${imagePath(9)}`, rewrite);
    await refused("sub-00 and sub-09", "voxels");
  });
  await t.step("one of another MAPS, without digests, is found by id alone", async () => {
    await Deno.remove(`${project.folder}/published/image_digests.tsv`);
    assertEquals((await project.run(BY_MAPS)).result.status, "done");
  });
});
