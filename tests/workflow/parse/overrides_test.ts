import { assertEquals } from "@std/assert";
import { base, experiment, issues, read } from "../reading.ts";

Deno.test("--set reads TOML values, and what is none as a text", async () => {
  const value = async (argument: string) => {
    const workflow = await read(experiment, { set: [argument] });
    return { ...workflow.params, ...workflow.instances[0].params };
  };
  assertEquals((await value("params.seed=7")).seed, 7);
  assertEquals((await value("caps.kind=trivial")).kind, "trivial");
  assertEquals((await value('caps.kind="trivial"')).kind, "trivial");
  assertEquals((await value("caps.n_subjects=${params.seed}")).n_subjects, 42);
  const named = await read(experiment, { set: ["folds.stratification=a # b"] });
  assertEquals(named.instances[4].params.stratification, "a # b");
});

Deno.test("--set of an address that is not there", async () => {
  const said = (...set: string[]) => issues(experiment, { set });
  assertEquals(
    await said("params.n_split=3"),
    '--set params.n_split: [params] has no "n_split"; did you mean "n_splits"?',
  );
  assertEquals(
    await said("trian.epochs=3"),
    '--set trian.epochs: there is no step "trian"; did you mean "train"?',
  );
  assertEquals(
    await said("train.epoch=3"),
    '--set train.epoch: unknown parameter "epoch" of train.classification; did you mean "epochs"?',
  );
  assertEquals(
    await said("epochs=3"),
    "--set epochs=3: no address with a value; write --set params.NAME=VALUE or " +
      "--set STEP.PARAMETER=VALUE",
  );
  assertEquals(
    await said("train.epochs=0"),
    "--set epochs of train.classification must be at least 1; it is 0",
  );
  assertEquals(
    await said("train.epochs=1", "train.epochs=2"),
    "--set train.epochs: the command line gives it twice",
  );
});

Deno.test("--sweep adds an axis that later steps take over", async () => {
  const workflow = await read(experiment, {
    set: ["params.n_splits=2"],
    sweep: ["train.learning_rate=1e-3,1e-4", "train.architecture=resnet18,conv4"],
  });
  const train = workflow.steps.find(({ name }) => name === "train");
  assertEquals(train?.instances.length, 16);
  assertEquals(
    train?.instances[0].name,
    "train[architecture=resnet18,fold=0,learning_rate=0.001,multi_network=false]",
  );
  assertEquals(train?.instances[0].params.learning_rate, 1e-3);
  assertEquals(train?.instances[0].origins.learning_rate, { from: "sweep" });
  const predictions = workflow.instances.at(-1)?.inputs.predictions;
  assertEquals(Array.isArray(predictions) && predictions.length, 16);
  assertEquals(
    workflow.publications[1].path,
    "results/0/false/architecture=resnet18/learning_rate=0.001/model",
  );
});

Deno.test("--sweep of what can't be swept", async () => {
  const said = (...sweep: string[]) => issues(experiment, { sweep });
  assertEquals(
    await said("params.seed=1,2"),
    "--sweep params.seed: a sweep is over a parameter of a step; " +
      "write --sweep STEP.PARAMETER=VALUE,VALUE",
  );
  assertEquals(
    await said("predict.batch_size=1,2"),
    "--sweep predict.batch_size: predict takes its matrix from train; " +
      "sweep a parameter of train, or give predict axes of its own",
  );
  assertEquals(
    await said("train.epoch=1,2"),
    '--sweep train.epoch: unknown parameter "epoch" of train.classification; ' +
      'did you mean "epochs"?',
  );
  assertEquals(
    await issues(base, { sweep: ["caps.seed=1,2"] }),
    `a.toml:7:11
7 | in.caps = "caps"
  |           ^^^^^^
caps has the axis seed, which slices lacks; write "caps[*]" for all of it, or pick one: "caps[seed=1]"

a.toml:10:11
10 | in.caps = "caps"
   |           ^^^^^^
caps has the axis seed, which labels lacks; write "caps[*]" for all of it, or pick one: "caps[seed=1]"`,
  );
});
