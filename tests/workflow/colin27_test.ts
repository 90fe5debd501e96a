import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Project } from "../steps/workflows.ts";

const WORKFLOW = new URL("../../workflows/colin27.toml", import.meta.url);
const HEAD = "/usr/share/mricron/templates/ch2.nii.gz";

async function fileExists(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

Deno.test({
  name: "the workflow on a real head runs up to the split and its contact sheet",
  // Debian's package mricron-data has the head; .ci/run installs it.
  ignore: !await fileExists(HEAD),
  fn: async () => {
    await using project = await Project.create();
    await project.write("colin27.toml", await Deno.readTextFile(WORKFLOW));
    const file = `${project.folder}/colin27.toml`;
    const { result, warnings } = await project.runFile(file, [], ["split"]);
    assertEquals([result.counts.done, result.counts.failed, warnings], [3, 0, []]);
    const account = JSON.parse(await project.read("results/colin27/split/split.json"));
    assertEquals([account.n_train_participants, account.n_subset_participants], [16, 8]);
    const sheet = await Deno.readFile(`${project.folder}/results/colin27/contact_sheet.png`);
    assertEquals([...sheet.subarray(1, 4)], [0x50, 0x4e, 0x47]);
    const again = await project.runFile(file, [], ["split"]);
    assertEquals([again.result.counts.done, again.result.counts.cached], [0, 3]);
  },
});

Deno.test("without its head the workflow names the parameter for it", async () => {
  await using project = await Project.create();
  await project.write("colin27.toml", await Deno.readTextFile(WORKFLOW));
  const error = await assertRejects(() =>
    project.runFile(`${project.folder}/colin27.toml`, ["params.image=elsewhere/ch2.nii.gz"])
  );
  assertStringIncludes(
    (error as Error).message,
    "elsewhere/ch2.nii.gz: no such file; the parameter caps.image names it: --set caps.image=PATH",
  );
});
