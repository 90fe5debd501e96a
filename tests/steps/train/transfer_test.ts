/** Weights from another training: which layers move, and who must not be met again. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StepError } from "../../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../../src/formats/safetensors.ts";
import { writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { exportState } from "../../../src/nn/state_dict.ts";
import type { Artifact } from "../../../src/workflow/step.ts";
import { fixtureWeights } from "../../nn/fixture.ts";
import { labelsOf, writeCaps } from "../caps/hashed_caps.ts";
import { Project } from "../workflows.ts";

const PEOPLE = { early: [0, 4], judge: [4, 2], late: [6, 4], fresh: [10, 2] } as const;

/** Images of twelve, and tables of four groups of them. */
async function prepare(): Promise<Project> {
  const project = await Project.create();
  await writeCaps(`${project.folder}/caps`, 12, [32, 32, 2]);
  for (const [name, [first, count]] of Object.entries(PEOPLE)) {
    await project.write(`${name}.tsv`, labelsOf(first, count));
  }
  return project;
}

const DATA = `
[defaults.with]
epochs = 1
batch_size = 4
learning_rate = 1e-2
[steps.caps]
uses = "caps.open"
with.caps_directory = "caps"
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
with = { slice_direction = 2, slice_mode = "single" }
` + Object.keys(PEOPLE).map((name) => `
[steps.${name}]
uses = "tables.open"
with = { path = "${name}.tsv", content = "labels" }`).join("");

/** A train step. @param options lines of TOML below its `with` */
function train(name: string, people: string, judges: string, inputs = "", options = ""): string {
  return `
[steps.${name}]
uses = "train.classification"
in.images = "slices"
in.train = "${people}"
in.validation = "${judges}"
${inputs}
[steps.${name}.with]
architecture = "Conv5_FC3"
${options}`;
}

const predict = (model: string, people: string, options = "") => `
[steps.predict]
uses = "predict"
in.model = "${model}"
in.images = "slices"
in.participants = "${people}"
${options}`;

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

Deno.test("a transferred network begins with the source's weights, and frozen layers keep their bits", async () => {
  await using project = await prepare();
  const outcome = await project.run(
    DATA + SOURCE +
      train("last", "late", "judge", 'in.transfer = "source"', "nb_unfrozen_layer = 2") +
      train("all", "late", "judge", 'in.transfer = "source"'),
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

Deno.test("whom a transferred network was trained on must not validate or be predicted", async (t) => {
  await using project = await prepare();
  const run = (text: string) => project.run(DATA + SOURCE + text);
  const second = train("second", "late", "judge", 'in.transfer = "source"');
  await t.step("as validation set", () =>
    refuses(
      run(train("second", "late", "early", 'in.transfer = "source"')),
      "training of the transferred model and validation share sub-00, sub-01",
    ));
  await t.step("after two transfers", () =>
    refuses(
      run(second + train("third", "fresh", "early", 'in.transfer = "second"')),
      "training of the transferred model and validation share sub-00, sub-01",
    ));
  await t.step("as test set", () =>
    refuses(
      run(second + predict("second", "early")),
      "share sub-00, sub-01",
    ));
  await t.step("others may", async () => {
    const outcome = await run(second + predict("second", "fresh"));
    assertEquals(project.artifact(outcome, "predict", "predictions").meta.leakage, "none");
  });
});

Deno.test("a network goes on from a published MAPS", async () => {
  await using project = await prepare();
  const outcome = await project.run(
    DATA + SOURCE + `
[steps.maps]
uses = "maps"
in.models = "source"
[publish]
"maps" = "maps"
`,
  );
  const opened = `
[steps.pretrained]
uses = "maps.open"
with.maps_directory = "maps"
`;
  const again = await project.run(
    DATA + opened +
      train("second", "late", "judge", 'in.transfer = "pretrained"', "nb_unfrozen_layer = 1"),
  );
  assertEquals(
    await moved(
      project.artifact(outcome, "source", "model"),
      project.artifact(again, "second", "model"),
    ),
    ["fc.6.weight", "fc.6.bias"],
  );
  await refuses(
    project.run(DATA + opened + train("second", "late", "early", 'in.transfer = "pretrained"')),
    "data leakage",
  );
});

Deno.test("weights of unknown origin are said to be so, and our own participants are refused nevertheless", async (t) => {
  await using project = await prepare();
  const network = createNetwork("Conv5_FC3", [1, 32, 32], 2);
  const weights = exportState(network, fixtureWeights(network));
  await Deno.writeFile(`${project.folder}/weights.pt`, writeTorch(weights));
  const begun = DATA + train("begun", "late", "judge", "", 'initial_weights = "weights.pt"');
  const outcome = await project.run(begun + predict("begun", "fresh"));
  const model = project.artifact(outcome, "begun", "model");
  assertEquals(model.meta.initial_weights, "file");
  const { meta } = project.artifact(outcome, "predict", "predictions");
  assertEquals(meta.leakage, "not checkable");
  assert(outcome.warnings.includes("leakage: not checkable"));
  await t.step("by whatever table they come", () =>
    refuses(
      project.run(begun + predict("begun", "late")),
      "data leakage",
    ));
  await t.step("unless asked for by name", async () => {
    const asked = await project.run(
      begun + predict("begun", "late", "with.on_training_data = true"),
    );
    assertEquals(
      project.artifact(asked, "predict", "predictions").meta.leakage,
      "predicting on training data",
    );
  });
  await t.step("and stay so after a transfer", async () => {
    const second = train("second", "early", "judge", 'in.transfer = "begun"');
    const passed = await project.run(begun + second + predict("second", "fresh"));
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
    const begun = new Set<string>();
    const running = project.run(DATA + text, [], [], (event) => {
      if (event.type === "instance-started") begun.add(event.kind);
    });
    await refuses(running, message);
    assertEquals([...begun].filter((kind) => kind !== "tables.open"), []);
  };
  const from = (name: string, inputs: string, options = "") =>
    train("second", "late", "judge", `in.transfer = "${name}"\n${inputs}`, options);
  await t.step(
    "frozen random weights",
    () =>
      declared(
        "random weights must not be frozen",
        train("alone", "late", "judge", "", "nb_unfrozen_layer = 1"),
      ),
  );
  await t.step("a best network that there is not", () =>
    declared(
      "no best network by BA; it has loss",
      SOURCE + from("source", "", 'transfer_selection_metric = "BA"'),
    ));
  await t.step("another architecture", () =>
    declared(
      "the weights don't fit Stride_Conv5_FC3",
      SOURCE + from("source", "").replace('architecture = "Conv5_FC3"\n', "").replace(
        "[steps.second.with]",
        '[steps.second.with]\narchitecture = "Stride_Conv5_FC3"',
      ),
    ));
  await t.step("a network for each slice to one for all", () =>
    declared(
      "has a network for each element",
      train("source", "early", "judge", "", "multi_network = true") + from("source", ""),
    ));
  const network = createNetwork("Conv5_FC3", [1, 32, 32], 2);
  const weights = exportState(network, fixtureWeights(network));
  const path = `${project.folder}/weights.safetensors`;
  const begun = (options = "") =>
    train("begun", "late", "judge", "", `initial_weights = "weights.safetensors"\n${options}`);
  await t.step("a deeper network", async () => {
    const weight = weights.get("convolutions.0.weight")!;
    await Deno.writeFile(
      path,
      writeSafetensors(new Map([...weights, ["convolutions.20.weight", weight]])),
    );
    await declared("unexpected: convolutions.20.weight", begun());
  });
  await t.step("a part of the head that would be frozen at random", async () => {
    const part = [...weights].filter(([name]) => name !== "fc.2.weight");
    await Deno.writeFile(path, writeSafetensors(new Map(part)));
    await refused(
      "has nothing for fc.2.weight, which would stay random",
      begun("nb_unfrozen_layer = 1"),
    );
  });
  await t.step("both a model and a file", () =>
    declared(
      "conflicts with",
      SOURCE + from("source", "", 'initial_weights = "weights.safetensors"'),
    ));
});
