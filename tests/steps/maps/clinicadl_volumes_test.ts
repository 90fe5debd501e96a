/** Networks of volumes that ClinicaDL 1.6.1 trained, see tests/maps/check_clinicadl_volumes.py. */
import { assert, assertEquals } from "@std/assert";
import { readTsv, type Table } from "../../../src/formats/tsv.ts";
import { Project } from "../workflows.ts";
import { addCaps, addExtraction, addMaps, addMask } from "./clinicadl_fixtures.ts";

/** Opens the tensors, cut when they are loaded as the MAPS describes, and predicts the MAPS's test group. */
const predictionSteps = (name: string, caps: string) => `
steps.${name}_images = { uses = "caps.open", with = { caps_directory = "${caps}", extract_json = "${name}" } }
steps.${name}_model = { uses = "maps.open", with = { maps_directory = "${name}", data_group = "test" } }
steps.${name} = { uses = "predict", in.model = "${name}_model.model", in.images = "${name}_images", in.participants = "${name}_model.participants" }
`;

/** Rows by their ids: probabilities. */
function probabilities({ columns, rows }: Table): Map<string, number[]> {
  const first = columns.indexOf("proba0");
  return new Map(
    rows.map((row) => [row.slice(0, 3).join(" "), [Number(row[first]), Number(row[first + 1])]]),
  );
}

function assertAlike(ours: Table, theirs: Table, name: string): void {
  const [found, expected] = [ours, theirs].map(probabilities);
  assertEquals([...found.keys()].sort(), [...expected.keys()].sort());
  const values = [...expected.values()].map(([first]) => first);
  assert(Math.max(...values) - Math.min(...values) > 2e-3, `${name}: all predictions are alike`);
  for (const [id, pair] of expected) {
    pair.forEach((value, node) => {
      const difference = Math.abs(value - found.get(id)![node]);
      assert(difference < 1e-4, `${name}: ${id} differs by ${difference}`);
    });
  }
}

const SMALL = [28, 32, 24] as const;
const LARGE = [169, 208, 179] as const;

Deno.test("networks that ClinicaDL trained on patches, regions and images predict its probabilities", async () => {
  await using project = await Project.create();
  const { folder } = project;
  await addCaps(`${folder}/small`, [44, 45, 46, 47], SMALL);
  await addMask(`${folder}/small`, "left", [[2, 20], [4, 21], [3, 17]], SMALL);
  await addMask(`${folder}/small`, "right", [[9, 27], [6, 23], [5, 19]], SMALL);
  await addCaps(`${folder}/large`, [12, 13], LARGE);
  const cases = { patch: "small", roi: "small", image: "small", reduced: "large" };
  let steps = "";
  for (const [name, caps] of Object.entries(cases)) {
    await addMaps(name, `${folder}/${name}`);
    await addExtraction(folder, name, caps);
    steps += predictionSteps(name, caps);
  }
  const outcome = await project.run(steps);
  assertEquals(outcome.warnings, []);
  for (const name of Object.keys(cases)) {
    const mode = name === "reduced" ? "image" : name;
    const predictions = project.artifact(outcome, name, "predictions");
    for (const level of new Set([mode, "image"])) {
      const [ours, theirs] = [
        await predictions.readText(`loss/${level}_level_prediction.tsv`),
        await project.read(`${name}/split-0/best-loss/test/test_${level}_level_prediction.tsv`),
      ].map((text) => readTsv(text, name));
      assertAlike(ours, theirs, `${name}, ${level} level`);
    }
  }
});
