import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { participantName, writeImage } from "../caps/hashed_caps.ts";
import { Project } from "../workflows.ts";

const WORKFLOW = new URL("../../../workflows/oasis.toml", import.meta.url);
const PARTICIPANTS = 24;

/**
 * Labels as `clinicadl tsvtools get-labels` 1.6.1 writes them for OASIS-1, whose converter calls the
 * age `age_bl`. The last two participants have no image, as after a failed pipeline.
 */
function oasisLabels(): string {
  const rows = Array.from({ length: PARTICIPANTS }, (_, i) => {
    const age = 60 + (i * 7) % 25;
    return [participantName(i), "ses-M000", age, i % 3 ? "F" : "M", i % 2 ? "CN" : "AD"].join("\t");
  });
  return ["participant_id\tsession_id\tage_bl\tsex\tdiagnosis", ...rows].join("\n") + "\n";
}

Deno.test("oasis.toml runs unchanged on the tables that ClinicaDL writes, with images missing", async () => {
  await using project = await Project.create();
  await project.write("oasis/workflow.toml", await Deno.readTextFile(WORKFLOW));
  await project.write("labels.tsv", oasisLabels());
  for (let i = 0; i < PARTICIPANTS - 2; i++) {
    await writeImage(`${project.folder}/caps`, i, [2, 32, 32]);
  }
  const { result, logs, warnings } = await project.runFile(
    `${project.folder}/oasis/workflow.toml`,
    [
      `params.caps=${project.folder}/caps`,
      `params.labels=${project.folder}/labels.tsv`,
      "params.n_splits=2",
      "params.epochs=1",
      "train.architecture=Conv5_FC3",
    ],
  );
  assertEquals(result.status, "done");
  const about = (text: string) => warnings.filter((warning) => warning.includes(text));
  assert(about("sessions have no extracted image and are left out: sub-2").length > 0);
  assertStringIncludes([...logs, ...warnings].join("\n"), "4 of 24 participants set aside");
  assertStringIncludes(logs.join("\n"), "22 images\n22 participants, 22 sessions");
});
