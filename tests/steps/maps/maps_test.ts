import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../../src/formats/safetensors.ts";
import type { Tensor } from "../../../src/formats/tensor.ts";
import { readTorch, writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import maps from "../../../src/steps/maps/maps.ts";
import mapsOpen from "../../../src/steps/maps/open.ts";
import { publishMaps } from "../../../src/steps/maps/publish_maps.ts";
import type { Artifact, Blob, Json } from "../../../src/workflow/step.ts";
import { MemoryStore, writtenBytes } from "../memory.ts";

const params = { caps_directory: "CAPS", n_resamples: 20, seed: 0 };
const PREDICTION_HEADER =
  "participant_id\tsession_id\tslice_id\ttrue_label\tpredicted_label\tproba0\tproba1\n";

/** Parameters of a "Conv5_FC3" whose values tell split and network. */
function parameters(split: number, network: number): Map<string, Tensor> {
  const data = Float32Array.of(split, network, 0.5);
  return new Map([
    ["convolutions.1.running_var", { dtype: "float32", shape: [3], data }],
    ["fc.6.bias", { dtype: "float32", shape: [3], data }],
  ]);
}

function predictions(
  participants: readonly string[],
  label: "0" | "n/a" = "0",
  slices: readonly number[] = [5, 6],
): string {
  const rows = participants.flatMap((participant) =>
    slices.map((slice) => `${participant}\tses-M000\t${slice}\t${label}\t0\t0.75\t0.25\n`)
  );
  return PREDICTION_HEADER + rows.join("");
}

function votes(participants: readonly string[], label: "0" | "n/a" = "0"): string {
  return PREDICTION_HEADER +
    participants.map((participant) => `${participant}\tses-M000\t0\t${label}\t0\t0.75\t0.25\n`)
      .join("");
}

interface Example {
  multi?: boolean;
  meta?: Record<string, Json>;
  slices?: readonly number[];
}

function makeModel(
  store: MemoryStore,
  split: number,
  { multi = false, meta, slices }: Example = {},
) {
  const roles = [["sub-01", "train"], ["sub-02", "train"], ["sub-03", "validation"]];
  const files: Record<string, Uint8Array | string> = {
    "participants.tsv": "participant_id\tsession_id\tcohort\trole\tsource_digest\tdiagnosis\n" +
      roles.map(([id, role]) => `${id}\tses-M000\tsingle\t${role}\tsha256-0\tAD\n`).join(""),
  };
  for (const network of multi ? [0, 1] : [undefined]) {
    const name = network === undefined ? "model" : `network-${network}`;
    const bytes = writeSafetensors(parameters(split, network ?? 0), { epoch: "7" });
    files[`best-loss/${name}.safetensors`] = bytes;
    files[`all_models/epoch-3${network === undefined ? "" : `_${name}`}.safetensors`] = bytes;
    files[`${network === undefined ? "" : `${name}/`}training.tsv`] =
      "epoch\titeration\tloss_train\tloss_valid\n0\t3\t0.7\t0.8\n";
  }
  for (
    const [group, ids] of [["train", ["sub-01", "sub-02"]], ["validation", ["sub-03"]]] as const
  ) {
    files[`best-loss/${group}_slice_level_prediction.tsv`] = predictions(ids, "0", slices);
    files[`best-loss/${group}_image_level_prediction.tsv`] = votes(ids);
  }
  return store.artifact("model", {
    meta: {
      task: "classification",
      architecture: "Conv5_FC3",
      mode: "slice",
      multi_network: multi,
      elements: [5, 6],
      input_shape: [1, 8, 8],
      output_size: 2,
      label: "diagnosis",
      label_code: { AD: 0, CN: 1 },
      selection_metrics: ["loss"],
      split,
      n_splits: 2,
      initial_weights: "random",
      extraction: { mode: "slice", preprocessing: "t1-linear", discarded_slices: [5, 1] },
      leakage_checkable: true,
      parameters: { loss: "CrossEntropyLoss", batch_size: 4 },
      ...meta,
    },
    files,
  });
}

function makePredictions(
  store: MemoryStore,
  model: Artifact,
  label: "0" | "n/a" = "0",
  labelled: readonly string[] = [],
) {
  const known = (table: typeof predictions) =>
    labelled.length === 0 ? "" : table(labelled).slice(PREDICTION_HEADER.length);
  return store.artifact("predictions", {
    meta: {
      ...model.meta,
      model: model.digest,
      data_group: "test",
      voting: "soft",
      selection_threshold: 0,
    },
    files: {
      "participants.tsv":
        "participant_id\tsession_id\tcohort\tsource_digest\nsub-09\tses-M000\tsingle\tsha256-1\n",
      "loss/slice_level_prediction.tsv": predictions(["sub-09"], label) + known(predictions),
      "loss/image_level_prediction.tsv": votes(["sub-09"], label) + known(votes),
    },
  });
}

/** The tree that is published, as an artifact. */
async function run(store: MemoryStore, models: Artifact[], predictions?: Artifact[]) {
  const inputs: Record<string, Artifact[]> = { models };
  if (predictions !== undefined) inputs.predictions = predictions;
  const outputs = await maps.run(store.context(params, inputs));
  const files: Record<string, Uint8Array | string | Blob> = {};
  await publishMaps(await store.artifact("maps", outputs.maps), {
    write: async (path, content) => {
      files[path] = await writtenBytes(content);
    },
    copy: (path, blob) => {
      files[path] = blob;
      return Promise.resolve();
    },
  });
  return await store.artifact("maps", { meta: outputs.maps.meta, files });
}

/** Writes the tree to a temporary folder while `use` runs. */
async function onDisk(tree: Artifact, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const { path } of tree.files) {
      const target = `${folder}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(target, await tree.read(path));
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("maps writes every file of ClinicaDL's layout and no other", async () => {
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
      assertEquals(
        participants,
        (await models[1].readText("participants.tsv")).replaceAll("sha256-0", "n/a"),
      );
      const group = await store.artifact("participants", outputs.participants);
      assertEquals((await group.readText("table.tsv")).split("\n")[1].split("\t")[0], "sub-09");
    });
  });
}

Deno.test("maps.open converts weights once, and again only when they change", async () => {
  const store = new MemoryStore();
  const tree = await run(store, [await makeModel(store, 0)]);
  await onDisk(tree, async (folder) => {
    const open = () => mapsOpen.run(store.context({ maps_directory: folder, split: 0 }));
    const first = await open();
    assertEquals(await open(), first);
    assertEquals(store.computed, 1);
  });
});

Deno.test("maps.open reads fold-<i> of older versions, and the participants of other splits", async () => {
  const store = new MemoryStore();
  const tree = await run(store, [await makeModel(store, 0)]);
  await onDisk(tree, async (folder) => {
    await Deno.rename(`${folder}/split-0`, `${folder}/fold-0`);
    for (const group of ["train", "validation"]) {
      await Deno.rename(`${folder}/groups/${group}/split-0`, `${folder}/groups/${group}/fold-0`);
    }
    const seen = `${folder}/groups/train+validation.tsv`;
    await Deno.writeTextFile(seen, (await Deno.readTextFile(seen)) + "sub-04\tses-M000\n");
    const outputs = await mapsOpen.run(store.context({ maps_directory: folder, split: 0 }));
    const opened = await store.artifact("model", outputs.model);
    const last = (await opened.readText("participants.tsv")).trimEnd().split("\n").at(-1);
    assertEquals(last, "sub-04\tses-M000\tsingle\tother\tn/a\tn/a");
  });
});

Deno.test("maps.open opens weights without lists of participants, and warns of leakage", async () => {
  const store = new MemoryStore();
  const tree = await run(store, [await makeModel(store, 0)]);
  await onDisk(tree, async (folder) => {
    await Deno.remove(`${folder}/groups`, { recursive: true });
    await Deno.remove(`${folder}/split-0/training_logs`, { recursive: true });
    for (const group of ["train", "validation"]) {
      await Deno.remove(`${folder}/split-0/best-loss/${group}`, { recursive: true });
    }
    const outputs = await mapsOpen.run(store.context({ maps_directory: folder, split: 0 }));
    const opened = await store.artifact("model", outputs.model);
    assertEquals(opened.meta.leakage_checkable, false);
    assertEquals(opened.files.map(({ path }) => path), [
      "best-loss/model.safetensors",
      "participants.tsv",
    ]);
    assert(store.warnings[0].includes("leakage may not be found"), store.warnings[0]);
  });
});

Deno.test("maps.open states what is wrong with a folder", async () => {
  const store = new MemoryStore();
  const open = (folder: string, more = {}) =>
    mapsOpen.run(store.context({ maps_directory: folder, split: 0, ...more }));
  const tree = await run(store, [await makeModel(store, 0, { multi: true })]);
  await onDisk(tree, async (folder) => {
    await assertRejects(() => open(`${folder}/none`), DataError, "does not exist");
    await assertRejects(() => open(`${folder}/groups`), DataError, "is not a MAPS");
    await assertRejects(() => open(folder, { split: 3 }), DataError, "has no split 3; it has 0");
    await assertRejects(
      () => open(folder, { data_group: "tset" }),
      DataError,
      'has no data group "tset"',
    );
    const weights = `${folder}/split-0/best-loss/network-1_model.pth.tar`;
    await Deno.truncate(weights, 300);
    await assertRejects(() => open(folder), DataError, "network-1_model.pth.tar");
    await Deno.remove(weights);
    await assertRejects(() => open(folder), DataError, "lacks network-1_model.pth.tar");
  });
});

Deno.test("maps.open refuses a MAPS whose weights hold a NaN or a negative variance", async () => {
  const store = new MemoryStore();
  const tree = await run(store, [await makeModel(store, 0)]);
  await onDisk(tree, async (folder) => {
    const path = "split-0/best-loss/model.pth.tar";
    const open = async (name: string, value: number) => {
      const broken = { dtype: "float32", shape: [2], data: Float32Array.of(1, value) } as const;
      const model = new Map<string, Tensor>([...parameters(0, 0), [name, broken]]);
      await Deno.writeFile(`${folder}/${path}`, writeTorch({ model, epoch: 1 }));
      await mapsOpen.run(store.context({ maps_directory: folder, split: 0 }));
    };
    await assertRejects(() => open("fc.6.bias", NaN), DataError, `${path}: fc.6.bias[1] is NaN`);
    await assertRejects(
      () => open("convolutions.1.running_var", -0.5),
      DataError,
      `${path}: convolutions.1.running_var[1] is -0.5, and a variance can't be negative`,
    );
  });
});
