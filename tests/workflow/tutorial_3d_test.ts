/** The tutorial on volumes: its short form on fewer and smaller heads, its long form as published. */
import { assert, assertEquals } from "@std/assert";
import { columnIndices, readTsv } from "../../src/formats/tsv.ts";
import { Project } from "../steps/workflows.ts";

const WORKFLOW = new URL("../../workflows/tutorial_3d.toml", import.meta.url);
const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const SMALLER = [
  "params.n_subjects=6",
  "params.roi_epochs=1",
  "params.patch_epochs=1",
  "params.image_epochs=1",
  "caps.image_size=32",
  "patches.patch_size=16",
  "patches.stride_size=16",
  "split.n_test=4",
  "split.p_age_threshold=0.1",
  "split.p_sex_threshold=0.1",
];
const NETWORKS = ["roi", "patch", "image"];

Deno.test("the tutorial on volumes runs from phantoms to the report, and again from its cache", async () => {
  await using project = await Project.create();
  await project.write("tutorial_3d.toml", await Deno.readTextFile(WORKFLOW));
  const file = `${project.folder}/tutorial_3d.toml`;
  const first = await project.runFile(file, full ? [] : SMALLER);
  assertEquals(first.result.status, "done");
  for (const network of NETWORKS) {
    const maps = await project.read(`results/tutorial_3d/maps_${network}/maps.json`);
    assertEquals(JSON.parse(maps).mode, network);
  }
  if (full) {
    const accuracy = heldOutAccuracy(await project.read("results/tutorial_3d/roi_metrics.tsv"));
    assert(accuracy >= 0.85, `balanced accuracy ${accuracy}`);
  }
  const again = await project.runFile(file, full ? [] : SMALLER);
  assertEquals(again.result.counts.done, 0);
});

/** Of the images, the mean over folds. */
function heldOutAccuracy(metrics: string): number {
  const table = readTsv(metrics, "roi_metrics.tsv");
  const at = columnIndices(table, ["level", "fold", "BA"], "roi_metrics.tsv");
  const row = table.rows.find((row) => row[at.level] === "image" && row[at.fold] === "mean");
  return Number(row![at.BA]);
}
