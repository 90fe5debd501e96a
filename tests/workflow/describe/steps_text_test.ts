import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { defineStep } from "../../../src/workflow/step.ts";
import { stepsList, stepsMarkdown, stepText } from "../../../src/workflow/describe/steps_text.ts";
import { toyKinds } from "../toy_kinds.ts";

const kindOf = (name: string) => toyKinds.filter(({ kind }) => kind === name)[0];

Deno.test("a step kind is described with inputs, parameters and outputs", () => {
  assertEquals(
    stepText(kindOf("split.kfold")),
    `split.kfold: Splits participants into folds.

Inputs (in.NAME)
  labels: labels, required
      The labels.

Parameters (with.NAME)
  n_splits: integer from 2 to 1000, default 5
      Number of folds.
  stratification: text, optional
      Column that is kept in balance.
  seed: integer from 0, default 0
      Seed of the random numbers.

Outputs
  folds: folds, a list of fold
      One element a fold.`,
  );
});

Deno.test("the Markdown has the same in tables", () => {
  const text = stepsMarkdown([kindOf("train.classification"), kindOf("caps.open")]);
  assertStringIncludes(
    text,
    `- [\`caps.open\`](#capsopen): Opens a data set.
- [\`train.classification\`](#trainclassification): Trains a classifier.

## caps.open

Opens a data set.

| parameter | type | default | |
|---|---|---|---|
| \`path\` | path | required | The CAPS folder. |
| \`extra\` | list of paths | \`[]\` | Further folders. |

| output | type | |
|---|---|---|
| \`caps\` | caps | The data set. |
`,
  );
  assertStringIncludes(
    text,
    '| `architecture` | "resnet18" or "conv4" | `"resnet18"` | The network. |',
  );
  assertStringIncludes(text, "| `learning_rate` | number above 0 | `0.0001` | Step size. |");
  assertStringIncludes(text, '| `optimizer` | table of name | `{ name = "Adam" }` |');
  assertStringIncludes(text, '| `dropout` | number from 0 to 1 or "auto" | `0` |');
});

Deno.test("the list has one line a kind, sorted", () => {
  assertEquals(
    stepsList([kindOf("predict"), kindOf("evaluate")]),
    "evaluate  Scores predictions.\npredict   Applies a model.",
  );
});

Deno.test("outputs that depend on a choice name it", () => {
  const step = defineStep({
    kind: "open",
    version: 1,
    summary: "Opens.",
    params: z.object({ content: z.enum(["a", "b"]).describe("What.") }),
    inputs: {},
    outputs: ({ content }) => ({
      [content]: { type: content, description: `An ${content}.` },
      log: { type: "table", description: "What was seen." },
    }),
    runs: "inline",
    run: () => Promise.resolve({}),
  });
  assertStringIncludes(
    stepText(step),
    `Outputs
  a: a
      An a. With content = "a".
  log: table
      What was seen.
  b: b
      An b. With content = "b".`,
  );
});
