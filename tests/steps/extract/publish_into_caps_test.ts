import { assertEquals } from "@std/assert";
import { filesBelow } from "../../../src/disk/folders.ts";
import { digestOf } from "../../../src/engine/store/digest.ts";
import { createProject, openedGroups } from "../recipes.ts";

const publishing = (slices: Record<string, number> = {}) =>
  `${openedGroups([], slices)}[publish]\n"caps" = "slices"\n`;

/** Digests of all files of the CAPS by path. */
function digests(folder: string): Record<string, string> {
  const paths = filesBelow(`${folder}/caps`).sort();
  return Object.fromEntries(
    paths.map((path) => [path, digestOf(Deno.readFileSync(`${folder}/caps/${path}`))]),
  );
}

Deno.test("extracted tensors are published into the CAPS that they came from, and are no new input", async () => {
  await using project = await createProject({ people: [0, 2] }, [8, 8, 4]);
  await project.write("caps/notes.txt", "mine");
  const before = digests(project.folder);
  const first = await project.run(publishing());
  assertEquals(first.result.status, "done");
  const published = digests(project.folder);
  const tensors = Object.keys(published).filter((path) => !(path in before));
  assertEquals(tensors.filter((path) => path.endsWith(".pt")).length, 8);
  assertEquals({ ...published, ...before }, published, "an image or note was changed");

  const second = await project.run(publishing());
  assertEquals(second.result.counts.done, 0);
  assertEquals(digests(project.folder), published);

  const fewer = await project.run(publishing({ discarded_slices: 1 }));
  assertEquals(fewer.result.errors, []);
  const left = digests(project.folder);
  assertEquals(Object.keys(left).filter((path) => path.endsWith(".pt")).length, 4);
  assertEquals({ ...left, ...before }, left);
});
