import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import type { Tensor } from "../../../src/formats/tensor.ts";
import { writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import mapsOpen from "../../../src/steps/maps/open.ts";
import { MemoryStore } from "../memory.ts";
import { makeModel, onDisk, parameters, run } from "./models.ts";

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
    assertEquals(last, "sub-04\tses-M000\tsingle\tother\tn/a\tn/a\tn/a");
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

Deno.test("maps.open opens networks that ClinicaDL does not have, and refuses those that are not here", async () => {
  const store = new MemoryStore();
  const tree = await run(store, [
    await makeModel(store, 0, { meta: { architecture: "resnet34" } }),
  ]);
  await onDisk(tree, async (folder) => {
    const open = () => mapsOpen.run(store.context({ maps_directory: folder, split: 0 }));
    const opened = await store.artifact("model", (await open()).model);
    assertEquals(opened.meta.architecture, "resnet34");
    const json = await Deno.readTextFile(`${folder}/maps.json`);
    await Deno.writeTextFile(`${folder}/maps.json`, json.replace("resnet34", "UNet"));
    await assertRejects(
      open,
      DataError,
      "holds a network UNet, which can't be run here; known are",
    );
  });
});

Deno.test("maps.open refuses networks of images that ClinicaDL reduced by a window of another grid", async () => {
  const store = new MemoryStore();
  const tree = await run(store, [await makeModel(store, 0)]);
  await onDisk(tree, async (folder) => {
    const path = `${folder}/maps.json`;
    const written = JSON.parse(await Deno.readTextFile(path));
    const open = async (input_size: number[], initial_weights?: string) => {
      const reduced = { size_reduction: true, size_reduction_factor: 2 };
      const maps = { ...written, ...reduced, input_size, initial_weights };
      await Deno.writeTextFile(path, JSON.stringify(maps));
      await mapsOpen.run(store.context({ maps_directory: folder, split: 0 }));
    };
    await open([1, 80, 96, 80]);
    await open([1, 30, 28, 28], "random");
    await assertRejects(
      () => open([1, 30, 28, 28]),
      DataError,
      "ClinicaDL reduced images of another grid than the cropped template (169x208x179)",
    );
  });
});
