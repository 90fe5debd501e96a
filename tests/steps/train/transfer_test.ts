/** Weights of another training: which layers change, and which participants are refused. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StepError } from "../../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../../src/formats/safetensors.ts";
import { writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { exportState } from "../../../src/nn/state_dict.ts";
import type { Artifact } from "../../../src/workflow/step.ts";
import { fixtureWeights } from "../../nn/fixture.ts";
import {
  createProject,
  openedGroups,
  prediction,
  step,
  tinyTraining,
  type Value,
} from "../recipes.ts";

const GROUPS = { early: [0, 4], judge: [4, 2], late: [6, 4], fresh: [10, 2] } as const;

const prepare = () => createProject(GROUPS, [32, 32, 2]);

const DATA = openedGroups(Object.keys(GROUPS));

/** @param source of the transferred weights */
function train(
  name: string,
  people: string,
  judges: string,
  source?: string,
  params: Record<string, Value> = {},
): string {
  return tinyTraining({ architecture: "Conv5_FC3", learning_rate: 1e-2, ...params }, {
    name,
    in: { train: people, validation: judges, ...source && { transfer: source } },
  });
}

const predict = (model: string, people: string, params: Record<string, Value> = {}) =>
  prediction(people, params, { in: { model } });

const SOURCE = train("source", "early", "judge");

async function tensorsOf(model: Artifact, network = "model") {
  const bytes = await model.read(`best-loss/${network}.safetensors`);
  return readSafetensors(bytes, "weights").tensors();
}

/** Names of parameters whose bits differ. */
async function moved(from: Artifact, to: Artifact): Promise<string[]> {
  const [before, after] = [await tensorsOf(from), await tensorsOf(to)];
  return [...after].filter(([name, { data }]) =>
    /(weight|bias)$/.test(name) && data.join() !== before.get(name)!.data.join()
  ).map(([name]) => name);
}

async function refuses(run: Promise<unknown>, message: string): Promise<void> {
  await assertRejects(() => run, StepError, message);
}

Deno.test("a transferred network starts from the source's weights, and frozen layers keep their bits", async () => {
  await using project = await prepare();
  const outcome = await project.run(
    DATA + SOURCE +
      train("last", "late", "judge", "source", { nb_unfrozen_layer: 2 }) +
      train("all", "late", "judge", "source"),
  );
  const source = project.artifact(outcome, "source", "model");
  const last = project.artifact(outcome, "last", "model");
  assertEquals(await moved(source, last), [
    "fc.4.weight",
    "fc.4.bias",
    "fc.6.weight",
    "fc.6.bias",
  ]);
  assertEquals(last.meta.initial_weights, "transferred");
  assertEquals(last.meta.leakage_checkable, true);
  const all = await moved(source, project.artifact(outcome, "all", "model"));
  assertEquals(
    all.length,
    [...await tensorsOf(source)].filter(([name]) => /(weight|bias)$/.test(name)).length,
  );
});

Deno.test("participants that a transferred network was trained on must not validate or be predicted", async (t) => {
  await using project = await prepare();
  const run = (text: string) => project.run(DATA + SOURCE + text);
  const second = train("second", "late", "judge", "source");
  await t.step("as validation set", () =>
    refuses(
      run(train("second", "late", "early", "source")),
      "training of the transferred model and validation share sub-00, sub-01",
    ));
  await t.step("after two transfers", () =>
    refuses(
      run(second + train("third", "fresh", "early", "second")),
      "training of the transferred model and validation share sub-00, sub-01",
    ));
  await t.step("as test set", () =>
    refuses(
      run(second + predict("second", "early")),
      "share sub-00, sub-01",
    ));
  await t.step("the validation set of an earlier training may validate again", async () => {
    const { result } = await run(
      train("second", "late", "judge", "source", { learning_rate: 2e-2 }) +
        train("third", "fresh", "judge", "second"),
    );
    assertEquals(result.status, "done");
  });
  await t.step("others may", async () => {
    const outcome = await run(second + predict("second", "fresh"));
    assertEquals(project.artifact(outcome, "predict", "predictions").meta.leakage, "none");
  });
});

Deno.test("a training continues from a published MAPS", async () => {
  await using project = await prepare();
  const outcome = await project.run(
    DATA + SOURCE + step("maps", "maps", { in: { models: "source" } }) +
      '[publish]\n"maps" = "maps"\n',
  );
  const opened = step("pretrained", "maps.open", { with: { maps_directory: "maps" } });
  const again = await project.run(
    DATA + opened +
      train("second", "late", "judge", "pretrained", { nb_unfrozen_layer: 1 }),
  );
  assertEquals(
    await moved(
      project.artifact(outcome, "source", "model"),
      project.artifact(again, "second", "model"),
    ),
    ["fc.6.weight", "fc.6.bias"],
  );
  await refuses(
    project.run(DATA + opened + train("second", "late", "early", "pretrained")),
    "data leakage",
  );
});

Deno.test("weights of unknown origin are reported, and participants of the training are refused nevertheless", async (t) => {
  await using project = await prepare();
  const network = createNetwork("Conv5_FC3", [1, 32, 32], 2);
  const weights = exportState(network, fixtureWeights(network));
  await Deno.writeFile(`${project.folder}/weights.pt`, writeTorch(weights));
  const fromFile = DATA +
    train("from_file", "late", "judge", undefined, { initial_weights: "weights.pt" });
  const outcome = await project.run(fromFile + predict("from_file", "fresh"));
  const model = project.artifact(outcome, "from_file", "model");
  assertEquals(model.meta.initial_weights, "file");
  const { meta } = project.artifact(outcome, "predict", "predictions");
  assertEquals(meta.leakage, "not checkable");
  assert(outcome.warnings.includes("leakage: not checkable"));
  await t.step("by any table that lists them", () =>
    refuses(
      project.run(fromFile + predict("from_file", "late")),
      "data leakage",
    ));
  await t.step("unless requested by name", async () => {
    const requested = await project.run(
      fromFile + predict("from_file", "late", { on_training_data: true }),
    );
    assertEquals(
      project.artifact(requested, "predict", "predictions").meta.leakage,
      "predicting on training data",
    );
  });
  await t.step("and stay so after a transfer", async () => {
    const second = train("second", "early", "judge", "from_file");
    const passed = await project.run(fromFile + second + predict("second", "fresh"));
    assertEquals(
      project.artifact(passed, "predict", "predictions").meta.leakage,
      "not checkable",
    );
  });
});

Deno.test("what can't be transferred is refused, with the reason", async (t) => {
  await using project = await prepare();
  const refused = (message: string, text: string) => refuses(project.run(DATA + text), message);
  /** Before anything is cut or trained, the model to transfer from included. */
  const declared = async (message: string, text: string) => {
    const started = new Set<string>();
    const running = project.run(DATA + text, [], [], (event) => {
      if (event.type === "instance-started") started.add(event.kind);
    });
    await refuses(running, message);
    assertEquals([...started].filter((kind) => kind !== "tables.open"), []);
  };
  const transferred = (params: Record<string, Value> = {}) =>
    train("second", "late", "judge", "source", params);
  await t.step(
    "frozen random weights",
    () =>
      declared(
        "random weights must not be frozen",
        train("alone", "late", "judge", undefined, { nb_unfrozen_layer: 1 }),
      ),
  );
  await t.step("a best network that there is not", () =>
    declared(
      "no best network by BA; it has loss",
      SOURCE + transferred({ transfer_selection_metric: "BA" }),
    ));
  await t.step("another architecture", () =>
    declared(
      "the weights don't fit Stride_Conv5_FC3",
      SOURCE + transferred({ architecture: "Stride_Conv5_FC3" }),
    ));
  await t.step("a network for each slice to one for all", () =>
    declared(
      "has a network for each element",
      train("source", "early", "judge", undefined, { multi_network: true }) + transferred(),
    ));
  const network = createNetwork("Conv5_FC3", [1, 32, 32], 2);
  const weights = exportState(network, fixtureWeights(network));
  const path = `${project.folder}/weights.safetensors`;
  const fromFile = (params: Record<string, Value> = {}) =>
    train("from_file", "late", "judge", undefined, {
      initial_weights: "weights.safetensors",
      ...params,
    });
  await t.step("a deeper network", async () => {
    const weight = weights.get("convolutions.0.weight")!;
    await Deno.writeFile(
      path,
      writeSafetensors(new Map([...weights, ["convolutions.20.weight", weight]])),
    );
    await declared("unexpected: convolutions.20.weight", fromFile());
  });
  await t.step("a part of the head that would be frozen at random", async () => {
    const part = [...weights].filter(([name]) => name !== "fc.2.weight");
    await Deno.writeFile(path, writeSafetensors(new Map(part)));
    await refused(
      "has nothing for fc.2.weight, which would stay random",
      fromFile({ nb_unfrozen_layer: 1 }),
    );
  });
  await t.step("both a model and a file", () =>
    declared(
      "conflicts with",
      SOURCE + transferred({ initial_weights: "weights.safetensors" }),
    ));
});
