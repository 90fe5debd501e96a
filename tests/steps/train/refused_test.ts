import { assert, assertEquals, assertRejects } from "@std/assert";
import type { EngineEvent } from "../../../src/engine/plan/events.ts";
import { StepError } from "../../../src/errors.ts";
import { writeSafetensors } from "../../../src/formats/safetensors.ts";
import { readTsv, writeTsv } from "../../../src/formats/tsv.ts";
import { step } from "../recipes.ts";
import { Project } from "../workflows.ts";
import { experiment } from "./experiment.ts";

Deno.test("bad input is refused before any work on the device, and before images are cut where tables show it", async (t) => {
  await using project = await Project.create();
  /** @returns steps that started */
  const attempt = async (message: string, text: string) => {
    const started = new Set<string>();
    const busy = new Set<string>();
    const watch = (event: EngineEvent) => {
      if (event.type === "instance-started") started.add(event.step);
      if (event.type === "instance-progress") busy.add(event.instance);
    };
    await assertRejects(() => project.run(text, [], [], watch), StepError, message);
    assert(![...busy].some((name) => name.startsWith("train")));
    return started;
  };
  const refusedByTables = async (message: string, ...args: Parameters<typeof experiment>) => {
    assert(!(await attempt(message, experiment(...args))).has("slices"));
  };
  await t.step(
    "a label column that is missing",
    () => refusedByTables('no column "group"', { label: "group" }),
  );
  await t.step(
    "one class only",
    () => refusedByTables("one class only", { diagnoses: ["AD"] }),
  );
  await t.step(
    "a code without a node for a label",
    () => refusedByTables("no node for diagnosis CN", { label_code: { AD: 0, MCI: 1 } }),
  );
  await t.step(
    "several networks for one slice",
    () => refusedByTables("one element only", { multi_network: true }, { slices: [14] }),
  );
  await t.step(
    "batches of one item where batch normalisation needs two",
    () =>
      refusedByTables("batch normalisation needs two items a batch", {
        architecture: "resnet18",
        batch_size: 1,
      }),
  );
  await t.step("weights of another architecture", async () => {
    const weight = { dtype: "float32" as const, shape: [1], data: new Float32Array(1) };
    const file = `${project.folder}/weights.safetensors`;
    await Deno.writeFile(file, writeSafetensors({ "conv1.weight": weight }));
    await refusedByTables(
      "missing: convolutions.0.weight",
      { initial_weights: "weights.safetensors" },
    );
  });
  await t.step("an empty class in a fold", () =>
    refusedByTables(
      "no session has diagnosis",
      {},
      { folds: { n_splits: 12, stratification: false } },
    ));
  await t.step("an empty class in the last fold, before the first is trained", async () => {
    const base = experiment();
    const labels = project.artifact(await project.run(base, [], ["split"]), "split", "train");
    const { columns, rows } = readTsv(await labels.readText("table.tsv"), "labels");
    const [ad, cn] = ["AD", "CN"].map((name) => rows.filter((row) => row.includes(name)));
    for (const [split, validation] of [[ad[0], cn[0]], [ad[1]]].entries()) {
      const train = rows.filter((row) => !validation.includes(row));
      await project.write(`folds/split-${split}/train.tsv`, writeTsv(columns, train));
      await project.write(`folds/split-${split}/validation.tsv`, writeTsv(columns, validation));
    }
    const text = base.slice(0, base.indexOf("[steps.folds]")) +
      step("folds", "tables.open", { with: { path: "folds", content: "kfold" } }) +
      base.slice(base.indexOf("[steps.train]"));
    const seen: string[] = [];
    await assertRejects(
      () =>
        project.run(text, [], [], ({ type, ...event }) => {
          if (type === "instance-failed" || type === "instance-progress") {
            if ("instance" in event) seen.push(`${type} ${event.instance}`);
          }
        }),
      StepError,
      "the validation table: no session has diagnosis CN",
    );
    assertEquals(seen.filter((event) => event.includes("train")), [
      "instance-failed train[fold=1]",
    ]);
  });
});
