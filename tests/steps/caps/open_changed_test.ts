/** A CAPS whose images change while a run is at work on them. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError, StepError } from "../../../src/errors.ts";
import { createProject, openedGroups, tinyTraining } from "../recipes.ts";
import type { Outcome, Project } from "../workflows.ts";
import { imagePath, writeImage } from "./hashed_caps.ts";

const SHAPE = [32, 32, 1];

const GROUPS = { people: [0, 4], judges: [4, 2] } as const;

const WORKFLOW = openedGroups(Object.keys(GROUPS)) +
  tinyTraining({ require_images: true }, { in: { train: "people", validation: "judges" } }) +
  '[publish]\n"results/slices" = "slices"\n"results/model" = "train"\n';

const prepare = () => createProject(GROUPS, SHAPE);

/** Runs, and changes the last image when the slices are begun. */
async function changing(project: Project, change: (path: string) => void): Promise<Outcome> {
  const path = `${project.folder}/caps/${imagePath(5)}`;
  let changed = false;
  return await project.run(WORKFLOW, [], [], (event) => {
    if (changed || event.type !== "instance-started" || event.step !== "slices") return;
    change(path);
    changed = true;
  });
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

const slicesOf = ({ result }: Outcome) => result.nodes.get("slices")!.outputs!.images.digest;

/** Puts another participant's image in place of one. */
const replace = (path: string) => Deno.copyFileSync(path.replaceAll("sub-05", "sub-04"), path);

Deno.test("an image that is damaged during a run is reported, and nothing is published", async (t) => {
  const ways: [string, string, (path: string) => void][] = [
    ["cut off", "broken gzip file", (path) => Deno.truncateSync(path, 500)],
    ["removed", "no extracted image", (path) => Deno.removeSync(path)],
  ];
  for (const [way, problem, change] of ways) {
    await t.step(way, async () => {
      await using project = await prepare();
      const error = await assertRejects(() => changing(project, change), StepError);
      assert(error.cause instanceof DataError, String(error.cause));
      assert(error.message.includes(problem) && error.message.includes("sub-05"), error.message);
      assert(!await exists(`${project.folder}/results`));

      await writeImage(`${project.folder}/caps`, 5, SHAPE);
      const mended = await project.run(WORKFLOW);
      assertEquals(mended.result.status, "done");
      assert(await exists(`${project.folder}/results/model`));
    });
  }
});

Deno.test("an image that is replaced before it is cut is opened anew, as if it had always been there", async () => {
  await using project = await prepare();
  const outcome = await changing(project, replace);
  await using other = await prepare();
  replace(`${other.folder}/caps/${imagePath(5)}`);
  assertEquals(slicesOf(outcome), slicesOf(await other.run(WORKFLOW)));
});

Deno.test("an image that changes after it was cut harms nothing, and the next run sees it", async () => {
  await using project = await prepare();
  const path = `${project.folder}/caps/${imagePath(5)}`;
  const other = await Deno.readFile(`${project.folder}/caps/${imagePath(0)}`);
  const first = await project.run(WORKFLOW, [], [], (event) => {
    if (event.type === "instance-started" && event.step === "train") {
      Deno.writeFileSync(path, other);
    }
  });
  const error = await assertRejects(() => project.run(WORKFLOW), StepError);
  assert(error.message.includes("data leakage"), error.message);
  await writeImage(`${project.folder}/caps`, 5, SHAPE);
  assertEquals(slicesOf(await project.run(WORKFLOW)), slicesOf(first));
});
