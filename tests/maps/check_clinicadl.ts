/**
 * The side of check_clinicadl.py that is ours:
 * `write FOLDER CAPS` runs the step `maps` on the artifacts in a folder, `open MAPS SPLIT FOLDER`
 * runs `maps.open` and writes the model as files that Python reads.
 */
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { readTorch, stateDict, writeTorch } from "../../src/formats/torch_checkpoint.ts";
import mapsOpen from "../../src/steps/maps/open.ts";
import maps from "../../src/steps/maps/maps.ts";
import { publishMaps } from "../../src/steps/maps/publish_maps.ts";
import type { Artifact, Json } from "../../src/workflow/step.ts";
import { MemoryStore, writtenBytes } from "../steps/memory.ts";

const store = new MemoryStore();

/** Files below a folder, by relative path. */
function walk(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(`${folder}/${prefix}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? walk(folder, `${prefix}${name}/`) : [prefix + name]
  );
}

/** An artifact from a folder; PyTorch's weights become safetensors. */
async function readArtifact(
  type: string,
  folder: string,
  meta: Record<string, Json> = {},
): Promise<Artifact> {
  const files: Record<string, Uint8Array> = {};
  for (const path of walk(folder)) {
    const bytes = Deno.readFileSync(`${folder}/${path}`);
    if (path === "meta.json") continue;
    else if (path.endsWith(".pt")) {
      const tensors = stateDict(readTorch(bytes, path), path);
      files[path.replace(/pt$/, "safetensors")] = writeSafetensors(tensors, { epoch: "1" });
    } else files[path] = bytes;
  }
  const stored = JSON.parse(Deno.readTextFileSync(`${folder}/meta.json`));
  return await store.artifact(type, { meta: { ...stored, ...meta }, files });
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeFile(path, bytes);
}

async function writeMaps(folder: string, caps: string): Promise<void> {
  const models: Artifact[] = [];
  const predictions: Artifact[] = [];
  for (const split of [0, 1]) {
    const model = await readArtifact("model", `${folder}/model-${split}`);
    models.push(model);
    predictions.push(
      await readArtifact("predictions", `${folder}/predictions-${split}`, { model: model.digest }),
    );
  }
  const params = { caps_directory: caps, n_resamples: 100, seed: 0 };
  const outputs = await maps.run(store.context(params, { models, predictions }));
  const tree = await store.artifact("maps", outputs.maps);
  await publishMaps(tree, {
    write: async (path, content) => {
      await write(`${folder}/maps/${path}`, await writtenBytes(content));
    },
    copy: async (path) => await write(`${folder}/maps/${path}`, await tree.read(path)),
  });
}

async function openMaps(folder: string, split: number, target: string): Promise<void> {
  const params = { maps_directory: folder, split, data_group: "test" };
  const outputs = await mapsOpen.run(store.context(params));
  const model = await store.artifact("model", outputs.model);
  for (const { path } of model.files) {
    const bytes = await model.read(path);
    if (path.endsWith(".safetensors")) {
      const tensors = readSafetensors(bytes, path).tensors();
      await write(`${target}/${path.replace(/safetensors$/, "pt")}`, writeTorch(tensors));
    } else await write(`${target}/${path}`, bytes);
  }
  const group = await store.artifact("participants", outputs.participants);
  await write(`${target}/group.tsv`, await group.read("table.tsv"));
}

const [command, ...rest] = Deno.args;
if (command === "write") await writeMaps(rest[0], rest[1]);
else await openMaps(rest[0], Number(rest[1]), rest[2]);
