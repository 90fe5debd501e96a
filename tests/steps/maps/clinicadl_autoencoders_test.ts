/** Autoencoders that ClinicaDL 1.6.1 trained, see tests/maps/check_clinicadl_autoencoders.py. */
import { assert, assertEquals } from "@std/assert";
import { latentsPath, readReconstruction } from "../../../src/artifacts/reconstructions.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import type { Artifact } from "../../../src/workflow/step.ts";
import { step, type Value } from "../recipes.ts";
import { Project } from "../workflows.ts";
import { addCaps, addExtraction, addMaps, FIXTURES, type Shape } from "./clinicadl_fixtures.ts";

/** Voxels between those of outputs.json. */
const STEP = 61;

interface Case {
  caps: "small" | "large";
  mode: "image" | "slice";
  /** Parameters with which `model.open` opens the same weights. */
  bare: Readonly<Record<string, Value>>;
}

const reduced = { size_reduction: true, size_reduction_factor: 5, latent_space_size: 6 };
const CASES: Readonly<Record<string, Case>> = {
  ae_image: { caps: "small", mode: "image", bare: { architecture: "AE_Conv5_FC3" } },
  ae_slice: { caps: "small", mode: "slice", bare: { architecture: "AE_Conv5_FC3" } },
  vanilla: {
    caps: "large",
    mode: "image",
    bare: {
      architecture: "Vanilla3DdenseVAE",
      feature_size: 24,
      n_conv: 3,
      io_layer_channels: 4,
      ...reduced,
    },
  },
};

const TESTED: Readonly<Record<Case["caps"], { indices: number[]; shape: Shape }>> = {
  small: { indices: [12, 13], shape: [28, 32, 24] },
  large: { indices: [6, 7], shape: [169, 208, 179] },
};

const stepsOf = (name: string, { caps, bare }: Case) =>
  step(`${name}_images`, "caps.open", { with: { caps_directory: caps, extract_json: name } }) +
  step(`${name}_maps`, "maps.open", { with: { maps_directory: name, data_group: "test" } }) +
  step(`${name}_model`, "model.open", {
    in: { images: `${name}_images` },
    with: { weights: `${name}/split-0/best-loss/model.pth.tar`, ...bare },
  }) +
  [["of_maps", `${name}_maps.model`], ["of_weights", `${name}_model`]].map(([source, model]) =>
    step(`${name}_${source}`, "predict", {
      in: { model, images: `${name}_images`, participants: `${name}_maps.participants` },
      with: { save_tensor: true },
    })
  ).join("");

/** Metrics by ids; the tables have no others than MAE, RMSE, PSNR and SSIM. */
function metricsOf(text: string, name: string): Map<string, number[]> {
  const { columns, rows } = readTsv(text, name);
  assertEquals(columns.slice(3), ["MAE", "RMSE", "PSNR", "SSIM"]);
  return new Map(rows.map((row) => [row.slice(0, 3).join(" "), row.slice(3).map(Number)]));
}

async function assertOutputs(predictions: Artifact, name: string, mode: string): Promise<void> {
  const expected: Record<string, number[]> = JSON.parse(
    await Deno.readTextFile(`${FIXTURES}${name}/outputs.json`),
  );
  for (const [file, values] of Object.entries(expected)) {
    const [, session, element] = /^(sub-\d+_ses-M000)_[a-z]+-(\d+)_output\.pt$/.exec(file)!;
    const { output, elements, shapes } = await readReconstruction(predictions, `loss/${session}`);
    const length = shapes[0].reduce((product, extent) => product * extent, 1);
    const at = mode === "image" ? 0 : elements.indexOf(Number(element));
    values.forEach((value, i) => {
      const difference = Math.abs(output[at * length + i * STEP] - value);
      assert(difference < 1e-5, `${name}: ${file} differs by ${difference}`);
    });
  }
  assertEquals(predictions.files.some(({ path }) => path === latentsPath("loss")), true);
}

Deno.test("autoencoders that ClinicaDL trained give back its outputs, from their MAPS and their bare weights", async () => {
  await using project = await Project.create();
  const { folder } = project;
  for (const [caps, { indices, shape }] of Object.entries(TESTED)) {
    await addCaps(`${folder}/${caps}`, indices, shape);
  }
  let steps = "";
  for (const [name, each] of Object.entries(CASES)) {
    await addMaps(name, `${folder}/${name}`);
    await addExtraction(folder, name, each.caps);
    steps += stepsOf(name, each);
  }
  const outcome = await project.run(steps);
  for (const [name, { mode }] of Object.entries(CASES)) {
    const theirs = metricsOf(
      await project.read(`${name}/split-0/best-loss/test/test_${mode}_level_prediction.tsv`),
      name,
    );
    for (const source of ["of_maps", "of_weights"]) {
      const predictions = project.artifact(outcome, `${name}_${source}`, "predictions");
      await assertOutputs(predictions, name, mode);
      const ours = metricsOf(
        await predictions.readText(`loss/${mode}_level_prediction.tsv`),
        name,
      );
      assertEquals(ours.size, theirs.size);
      for (const [id, metrics] of theirs) {
        metrics.forEach((value, i) => {
          const relative = Math.abs(ours.get(id)![i] / value - 1);
          assert(relative < 1e-3, `${name}: metric ${i} of ${id} differs by ${relative}`);
        });
      }
    }
  }
});
