import { assert, assertEquals } from "@std/assert";
import { encode } from "fast-png";
import { writeMaps } from "../../../src/artifacts/attribution_maps.ts";
import { attributionSheets } from "../../../src/report/pictures/attributions.ts";
import { MadeRun } from "../made_run.ts";

const PNG = encode({ width: 2, height: 2, channels: 1, depth: 8, data: new Uint8Array(4) });

const META = {
  method: "grad-cam",
  target_node: 0,
  level: "convolutions.16",
  task: "classification",
  label: "diagnosis",
  label_code: { AD: 0, CN: 1 },
  data_group: "test",
  selection_metrics: ["loss", "BA"],
};

function interpreted(files: Record<string, Uint8Array | string>, meta: Partial<typeof META> = {}) {
  return {
    kind: "interpret.gradcam",
    outputs: {
      attribution: { type: "attribution", draft: { files, meta: { ...META, ...meta } } },
    },
  };
}

const pictures = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [`${name}_map.png`, PNG]));

const maps = (...values: number[]) =>
  writeMaps({
    shapes: [[1, values.length]],
    maps: Float32Array.from(values),
    elements: Int32Array.of(0),
  });

Deno.test("means of everyone come first, then classes, then participants, by the order of metrics", async () => {
  const files = {
    ...pictures("BA/individual/sub-1_ses-M000", "BA/mean", "loss/class-1/mean", "loss/mean"),
    ...pictures("loss/class-0/mean", "loss/individual/sub-1_ses-M000"),
    "participants.tsv": "participant_id\n",
  };
  await using run = await MadeRun.make({ maps: interpreted(files), other: { kind: "maps" } });
  const [sheet, ...others] = await attributionSheets(run.artifacts);
  assertEquals(others, []);
  assertEquals([sheet.instance, sheet.target, sheet.level], ["maps", "AD", "convolutions.16"]);
  assertEquals(sheet.figures.map(({ of, selectionMetric }) => `${of}, ${selectionMetric}`), [
    "everyone, loss",
    "true AD, loss",
    "true CN, loss",
    "everyone, BA",
    "sub-1 ses-M000, loss",
    "sub-1 ses-M000, BA",
  ]);
  assert(sheet.figures.every(({ image }) => image.startsWith("data:image/png;base64,")));
});

Deno.test("eight pictures an instance are shown, the rest is counted", async () => {
  const names = Array.from({ length: 11 }, (_, n) => `loss/individual/sub-${n}_ses-M000`);
  await using run = await MadeRun.make({ maps: interpreted(pictures(...names)) });
  const [{ figures, more }] = await attributionSheets(run.artifacts);
  assertEquals([figures.length, more], [8, 3]);
});

Deno.test("a map that is zero everywhere is marked", async () => {
  await using run = await MadeRun.make({
    maps: interpreted({
      ...pictures("loss/mean", "loss/class-0/mean"),
      "loss/mean_map.safetensors": maps(0, 0, 1e-9),
      "loss/class-0/mean_map.safetensors": maps(0, 0, 0),
    }),
  });
  const [{ figures }] = await attributionSheets(run.artifacts);
  assertEquals(figures.map(({ of, isEmpty }) => [of, isEmpty]), [
    ["everyone", false],
    ["true AD", true],
  ]);
});

Deno.test("the output of a regression is called as its label", async () => {
  const meta = { method: "gradients", task: "regression", label: "age" };
  await using run = await MadeRun.make({ maps: interpreted(pictures("loss/mean"), meta) });
  const [{ target, method }] = await attributionSheets(run.artifacts);
  assertEquals([target, method], ["age", "gradients"]);
});
