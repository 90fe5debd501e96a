/** What is wrong with images that do not exist yet, as a plan reports it. */
import { assertEquals } from "@std/assert";
import { findDeclaredProblems } from "../../../src/engine/run/preflight.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { reading } from "../../../src/steps/engine_options.ts";
import { readWorkflow } from "../../../src/workflow/read.ts";
import { writeImage } from "../caps/hashed_caps.ts";
import { createProject, generatedFolds, openedGroups, step, tinyTraining } from "../recipes.ts";
import { Project } from "../workflows.ts";

/** Problems that a plan reports; nothing is run but source steps, and no device is asked for. */
async function problemsOf(project: Project, toml: string): Promise<string[]> {
  const file = `${project.folder}/workflow.toml`;
  await project.write("workflow.toml", `version = 1\n${toml}`);
  const store = openStore(`${project.folder}/.gyrus`);
  const workflow = await readWorkflow(file, reading);
  const planned = await plan(store, workflow, { numericClass: () => "none" });
  const problems = await findDeclaredProblems(store, planned);
  return problems.map(({ instance, message }) => `${instance}: ${message}`);
}

/** Twelve participants of a CAPS, the first eight to train on. */
const GROUPS = { train_labels: [0, 8], validation_labels: [8, 4] } as const;
const IN = { train: "train_labels", validation: "validation_labels" };

Deno.test("a first plan reports one network an element where each image has one element", async () => {
  await using project = await Project.create();
  const text = generatedFolds({ slices: [14] }) +
    tinyTraining({ multi_network: true }, { in: { folds: "folds[0]" } });
  assertEquals(await problemsOf(project, text), [
    "train: multi_network: trains one network an element, and each image has one element only; set " +
    "it to false",
  ]);
});

Deno.test("a plan reports a batch of one item before images are cut, with batch sizes that work", async () => {
  await using project = await createProject(GROUPS, [24, 24, 4]);
  const tables = Object.keys(GROUPS);
  const text = (batch_size: number, slices: number[]) =>
    openedGroups(tables, { slices }) +
    tinyTraining({ architecture: "resnet18", batch_size }, { in: IN });
  const problem = (left: string, sizes: string) => [
    `train: batch_size: ${left} training items in the last batch, and layer4.0.bn1 has maps of one ` +
    `pixel, so that batch normalisation needs two items a batch; use ${sizes}`,
  ];
  await project.run(text(7, [1]), [], tables);
  assertEquals(await problemsOf(project, text(7, [1])), problem("7 leaves one of 8", "6, 8, 5"));
  // Slices count: 24 items of three, 23 in full batches.
  assertEquals(
    await problemsOf(project, text(23, [0, 1, 2])),
    problem("23 leaves one of 24", "22, 24, 21"),
  );
  assertEquals(await problemsOf(project, text(8, [1])), []);
  // A session without an image is left out of the training.
  await Deno.remove(`${project.folder}/caps/subjects/sub-00`, { recursive: true });
  assertEquals(await problemsOf(project, text(7, [1])), []);
  assertEquals(await problemsOf(project, text(6, [1])), problem("6 leaves one of 7", "5, 7, 4"));
});

Deno.test("a plan reports images that are too small, from the shape of the first one", async () => {
  await using project = await createProject(GROUPS, [24, 24, 4]);
  const text = step("caps", "caps.open", { with: { caps_directory: "caps" } }) +
    step("slices", "extract.patches", { in: { caps: "caps" }, with: { patch_size: 8 } });
  assertEquals(await problemsOf(project, text), [
    "slices: the first image: patches of 8 voxels do not fit the 4 of axis 2",
  ]);
  for (let index = 0; index < 12; index++) {
    await writeImage(`${project.folder}/caps`, index, [24, 24, 8], 9000 + index);
  }
  assertEquals(await problemsOf(project, text), []);
});
