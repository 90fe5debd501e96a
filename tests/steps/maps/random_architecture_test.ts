/** RandomArchitecture in a MAPS: written as ClinicaDL describes it, and opened again. */
import { assertEquals, assertRejects } from "@std/assert";
import { StepError } from "../../../src/errors.ts";
import { createProject, openedGroups, prediction, step, tinyTraining } from "../recipes.ts";

const GROUPS = { people: [0, 4], judges: [4, 2], fresh: [6, 3] } as const;

const NETWORK = {
  architecture: "RandomArchitecture",
  n_convblocks: 3,
  first_conv_width: 3,
  n_conv: 2,
  channels_limit: 6,
  d_reduction: "stride",
  network_normalization: "None",
  n_fcblocks: 2,
} as const;

const TRAINING = openedGroups(Object.keys(GROUPS)) +
  tinyTraining(NETWORK, { in: { train: "people", validation: "judges" } });

const OPENED = prediction("fresh", {}, { in: { model: "opened" } }) +
  step("opened", "maps.open", { with: { maps_directory: "maps" } });

Deno.test("a trained RandomArchitecture is described as ClinicaDL does, and predicts the same from its MAPS", async () => {
  await using project = await createProject(GROUPS, [32, 32, 1]);
  const trained = await project.run(
    TRAINING + prediction("fresh") + step("maps", "maps", { in: { models: "train" } }) +
      '[publish]\n"maps" = "maps"\n',
  );
  const path = `${project.folder}/maps/maps.json`;
  const maps = JSON.parse(await Deno.readTextFile(path));
  const block = (inputs: number | null, outputs: number) => ({
    in_channels: inputs,
    out_channels: outputs,
    n_conv: 2,
    d_reduction: "stride",
  });
  assertEquals(maps.architecture, "RandomArchitecture");
  assertEquals(maps.convolutions_dict, {
    conv0: block(null, 3),
    conv1: block(3, 6),
    conv2: block(6, 6),
  });
  assertEquals([maps.n_fcblocks, maps.network_normalization, maps.dropout], [2, null, 0]);

  const opened = await project.run(openedGroups(Object.keys(GROUPS)) + OPENED);
  const table = "loss/image_level_prediction.tsv";
  const [first, second] = await Promise.all(
    [trained, opened].map((outcome) =>
      project.artifact(outcome, "predict", "predictions").readText(table)
    ),
  );
  assertEquals(second, first);

  delete maps.convolutions_dict.conv1;
  await Deno.writeTextFile(path, JSON.stringify(maps));
  await assertRejects(
    () => project.run(openedGroups(Object.keys(GROUPS)) + OPENED),
    StepError,
    "describe no RandomArchitecture",
  );
});
