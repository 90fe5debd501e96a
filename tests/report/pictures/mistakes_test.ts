import { assertEquals } from "@std/assert";
import { worstMistakes } from "../../../src/report/pictures/mistakes.ts";
import { MadeRun } from "../made_run.ts";

const HEAD = "participant_id\tsession_id\tslice_id\ttrue_label\tpredicted_label\tproba0\tproba1\n";

function predictions(rows: readonly string[]) {
  return {
    kind: "predict",
    outputs: {
      predictions: {
        type: "predictions",
        draft: {
          meta: {
            task: "classification",
            data_group: "test",
            selection_metrics: ["loss"],
            label_code: { AD: 0, CN: 1, MCI: 1 },
          },
          files: { "loss/image_level_prediction.tsv": `${HEAD}${rows.join("\n")}\n` },
        },
      },
    },
  };
}

Deno.test("the surest mistakes come first, over all models that predicted", async () => {
  await using run = await MadeRun.make({
    "predict[fold=0]": predictions([
      "sub-1\tses-1\t0\t0\t1\t0.4\t0.6",
      "sub-2\tses-1\t0\t0\t1\t0.1\t0.9",
      "sub-3\tses-1\t0\t1\t1\t0.1\t0.9",
      "sub-4\tses-1\t0\tn/a\t1\t0.1\t0.9",
    ]),
    "predict[fold=1]": predictions([
      "sub-1\tses-1\t0\t0\t1\t0.3\t0.7",
      "sub-2\tses-1\t0\t0\t0\t0.8\t0.2",
      "sub-3\tses-1\t0\t1\t1\t0.2\t0.8",
    ]),
  });
  const found = await worstMistakes(run.artifacts, () => Promise.reject(new Error("no images")));
  assertEquals([found?.wrong, found?.participants], [2, 3]);
  assertEquals(
    found?.worst.map(({ participant, truth, predicted, confidence, wrongIn, of, strip }) => [
      participant,
      truth,
      predicted,
      confidence,
      wrongIn,
      of,
      strip,
    ]),
    [
      ["sub-1", "AD", "CN+MCI", 0.65, 2, 2, null],
      ["sub-2", "AD", "CN+MCI", 0.55, 1, 2, null],
    ],
  );
});

Deno.test("without predictions there are no mistakes to show", async () => {
  await using run = await MadeRun.make({});
  assertEquals(await worstMistakes(run.artifacts, () => Promise.reject(new Error())), null);
});
