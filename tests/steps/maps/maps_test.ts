import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import type { Tensor } from "../../../src/formats/tensor.ts";
import { readTorch } from "../../../src/formats/torch_checkpoint.ts";
import mapsOpen from "../../../src/steps/maps/open.ts";
import type { Json } from "../../../src/workflow/step.ts";
import { MemoryStore } from "../memory.ts";
import { makeModel, makePredictions, onDisk, run } from "./models.ts";

Deno.test("maps writes every file of ClinicaDL's layout, image digests and no other", async () => {
  const store = new MemoryStore();
  const model = await makeModel(store, 1);
  const tree = await run(store, [model], [await makePredictions(store, model)]);
  const results = (group: string) => [
    `split-1/best-loss/${group}/description.log`,
    ...["image", "slice"].flatMap((level) =>
      ["metrics", "prediction"].map((table) =>
        `split-1/best-loss/${group}/${group}_${level}_level_${table}.tsv`
      )
    ),
  ];
  assertEquals(
    tree.files.map(({ path }) => path),
    [
      "environment.txt",
      "groups/test/data.tsv",
      "groups/test/maps.json",
      "groups/train+validation.tsv",
      "groups/train/split-1/data.tsv",
      "groups/train/split-1/maps.json",
      "groups/validation/split-1/data.tsv",
      "groups/validation/split-1/maps.json",
      "image_digests.tsv",
      "information.log",
      "maps.json",
      "split-1/all_models/model_epoch_3.pth.tar",
      "split-1/best-loss/model.pth.tar",
      ...results("test"),
      ...results("train"),
      ...results("validation"),
      "split-1/training_logs/tensorboard/train/events.out.tfevents.0.gyrus",
      "split-1/training_logs/tensorboard/validation/events.out.tfevents.0.gyrus",
      "split-1/training_logs/training.tsv",
    ].sort(),
  );
  assertEquals(
    await tree.readText("groups/train+validation.tsv"),
    "participant_id\tsession_id\nsub-01\tses-M000\nsub-02\tses-M000\nsub-03\tses-M000\n",
  );
});

Deno.test("maps writes checkpoints that PyTorch's batch normalisation will load", async () => {
  const store = new MemoryStore();
  const tree = await run(store, [await makeModel(store, 0)]);
  const path = "split-0/best-loss/model.pth.tar";
  const checkpoint = readTorch(await tree.read(path), path) as Map<string, unknown>;
  assertEquals(checkpoint.get("epoch"), 7);
  assertEquals(checkpoint.get("name"), "Conv5_FC3");
  assertEquals([...(checkpoint.get("model") as Map<string, Tensor>).keys()], [
    "convolutions.1.running_var",
    "convolutions.1.num_batches_tracked",
    "fc.6.bias",
  ]);
});

Deno.test("maps gives equal bytes for equal models, in whatever order", async () => {
  const store = new MemoryStore();
  const models = [await makeModel(store, 0), await makeModel(store, 1)];
  const tree = await run(store, models);
  assertEquals((await run(store, models.toReversed())).digest, tree.digest);
});

Deno.test("maps writes a file a network of a multi-network, with metrics of each", async () => {
  const store = new MemoryStore();
  const tree = await run(store, [await makeModel(store, 0, { multi: true })]);
  const paths = tree.files.map(({ path }) => path);
  for (
    const path of [
      "best-loss/network-0_model.pth.tar",
      "best-loss/network-1_model.pth.tar",
      "all_models/network-1_model_epoch_3.pth.tar",
      "training_logs/network-1/training.tsv",
    ]
  ) assert(paths.includes(`split-0/${path}`), path);
  const metrics = await tree.readText("split-0/best-loss/train/train_slice_level_metrics.tsv");
  assertEquals(metrics.split("\n").map((line) => line.split("\t")[0]), [
    ...["Metrics", "Values", "Lower bound CI", "Upper bound CI", "SE", "0"],
    ...["Metrics", "Values", "Lower bound CI", "Upper bound CI", "SE", "1"],
    "",
  ]);
});

Deno.test("maps gives no metrics where labels are unknown", async () => {
  const store = new MemoryStore();
  const model = await makeModel(store, 0);
  const tree = await run(store, [model], [await makePredictions(store, model, "n/a")]);
  const folder = "split-0/best-loss/test/";
  assertEquals(
    tree.files.filter(({ path }) => path.startsWith(folder)).map(({ path }) =>
      path.slice(folder.length)
    ),
    ["description.log", "test_image_level_prediction.tsv", "test_slice_level_prediction.tsv"],
  );
  const table = await tree.readText(`${folder}test_image_level_prediction.tsv`);
  assertEquals(table.split("\n")[1].split("\t")[3], "-1");
});

Deno.test("maps gives metrics of those whose label is known where one has none", async () => {
  const store = new MemoryStore();
  const model = await makeModel(store, 0);
  const some = await makePredictions(store, model, "n/a", ["sub-10", "sub-11"]);
  const tree = await run(store, [model], [some]);
  const metrics = await tree.readText("split-0/best-loss/test/test_image_level_metrics.tsv");
  const [columns, values] = metrics.split("\n").map((line) => line.split("\t"));
  const value = (name: string) => values[columns.indexOf(name)];
  // ClinicaDL's zeros: nobody of class 1 is in the group.
  assertEquals(["accuracy", "sensitivity", "specificity", "BA"].map(value), ["1", "1", "0", "0.5"]);
});

Deno.test("maps refuses models of several trainings, two of one split, and strange predictions", async () => {
  const store = new MemoryStore();
  const model = await makeModel(store, 0);
  const multi = await makeModel(store, 1, { multi: true });
  await assertRejects(
    () => run(store, [model, multi]),
    DataError,
    "its models differ in multi_network",
  );
  const other = await makeModel(store, 0, { meta: { initial_weights: "sha256-1" } });
  await assertRejects(
    () => run(store, [model, other]),
    DataError,
    "two of its models are of split 0",
  );
  const strange = await makePredictions(store, multi);
  await assertRejects(
    () => run(store, [model], [strange]),
    DataError,
    "none of the predictions is by one of the models",
  );
});

Deno.test("maps warns where ClinicaDL can't predict with its slices, and maps.open knows them", async () => {
  const extraction = { mode: "slice", preprocessing: "t1-linear", discarded_slices: [0, 0] };
  const cases: [elements: number[], more: Record<string, Json>, warning?: string][] = [
    [[5, 6], {}],
    [[5, 8], {}, "consecutive slices only, and these are 5, 8"],
    [[0, 1], { own_slices: true }, "consecutive slices only, and each image has slices of its own"],
  ];
  for (const [elements, more, warning] of cases) {
    const store = new MemoryStore();
    const meta = { elements, extraction: { ...extraction, ...more } };
    const tree = await run(store, [await makeModel(store, 0, { meta, slices: elements })]);
    assertEquals(store.warnings.length, warning === undefined ? 0 : 1);
    if (warning !== undefined) assertStringIncludes(store.warnings[0], warning);
    await onDisk(tree, async (folder) => {
      const open = async () => {
        const outputs = await mapsOpen.run(store.context({ maps_directory: folder, split: 0 }));
        return (await store.artifact("model", outputs.model)).meta;
      };
      assertEquals(await open().then((meta) => [meta.elements, meta.extraction]), [
        elements,
        meta.extraction,
      ]);
      // Older versions of Gyrus have the slices in their tables of predictions only.
      const path = `${folder}/maps.json`;
      const json = JSON.parse(await Deno.readTextFile(path));
      for (const key of ["elements", "extraction"]) delete json[key];
      json.preprocessing_dict = meta.extraction;
      await Deno.writeTextFile(path, JSON.stringify(json));
      assertEquals((await open()).elements, elements);
    });
  }
});

Deno.test("maps warns of networks that ClinicaDL can't run", async () => {
  const store = new MemoryStore();
  await run(store, [await makeModel(store, 0, { meta: { architecture: "resnet34" } })]);
  assert(store.warnings[0].includes("ClinicaDL has no resnet34"), store.warnings[0]);
});

for (const multi of [false, true]) {
  const kind = multi ? "a multi-network" : "a network";
  Deno.test(`maps.open opens the MAPS of ${kind} that maps wrote, and loses nothing`, async () => {
    const store = new MemoryStore();
    const models = [await makeModel(store, 0, { multi }), await makeModel(store, 1, { multi })];
    const tree = await run(store, models, [await makePredictions(store, models[1])]);
    await onDisk(tree, async (folder) => {
      const context = store.context({ maps_directory: folder, split: 1, data_group: "test" });
      const outputs = await mapsOpen.run(context);
      const opened = await store.artifact("model", outputs.model);
      for (const key of ["task", "elements", "input_shape", "label_code", "split", "extraction"]) {
        assertEquals(opened.meta[key], models[1].meta[key], key);
      }
      const path = `best-loss/${multi ? "network-1" : "model"}.safetensors`;
      const weights = readSafetensors(await opened.read(path), path);
      assertEquals(weights.metadata.epoch, "7");
      assertEquals([...weights.tensor("fc.6.bias").data], [1, multi ? 1 : 0, 0.5]);
      for (const group of ["train", "validation"]) {
        const path = `best-loss/${group}_slice_level_prediction.tsv`;
        assertEquals(await opened.readText(path), await models[1].readText(path));
      }
      const training = `${multi ? "network-0/" : ""}training.tsv`;
      assertEquals(await opened.readText(training), await models[1].readText(training));
      const participants = await opened.readText("participants.tsv");
      assertEquals(participants, await models[1].readText("participants.tsv"));
      const group = await store.artifact("participants", outputs.participants);
      assertEquals((await group.readText("table.tsv")).split("\n")[1].split("\t")[0], "sub-09");
    });
  });
}
