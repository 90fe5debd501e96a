import { assertEquals } from "@std/assert";
import { learningCurves } from "../../src/report/curves.ts";
import { MadeRun } from "./made_run.ts";

const HEAD = "epoch\titeration\tloss_train\tloss_valid\tBA_train\tBA_valid\n";

function trained(files: Record<string, string>, metrics: string[]) {
  return MadeRun.make({
    train: {
      kind: "train.classification",
      outputs: { model: { type: "model", draft: { meta: { selection_metrics: metrics }, files } } },
    },
  });
}

Deno.test("the chosen epoch is the first that is best by the metric that chooses", async () => {
  const rows = ["0\t9\t.9\t.8\t.5\t.5", "1\t9\t.7\t.6\t.6\t.7", "2\t9\t.5\t.6\t.8\t.7"];
  await using run = await trained({ "training.tsv": `${HEAD}${rows.join("\n")}\n` }, [
    "BA",
    "loss",
  ]);
  const { metrics, series } = await learningCurves(run.artifacts);
  assertEquals(metrics, ["loss", "BA"]);
  assertEquals(series.map(({ network, epochs, chosen }) => [network, epochs, chosen]), [
    [null, [1, 2, 3], { BA: 1, loss: 1 }],
  ]);
  assertEquals(series[0].train.loss, [0.9, 0.7, 0.5]);
  assertEquals(series[0].validation.BA, [0.5, 0.7, 0.7]);
});

Deno.test("evaluations within an epoch are between the epochs' ends and choose nothing", async () => {
  const rows = ["0\t4\t1\t1\t0\t0", "0\t9\t1\t1\t0\t0", "1\t4\t1\t.5\t0\t0", "1\t9\t1\tn/a\t0\t0"];
  await using run = await trained({ "training.tsv": `${HEAD}${rows.join("\n")}\n` }, ["loss"]);
  const [{ epochs, validation, chosen }] = (await learningCurves(run.artifacts)).series;
  assertEquals(epochs, [0.5, 1, 1.5, 2]);
  assertEquals(validation.loss, [1, 1, 0.5, null]);
  assertEquals(chosen, { loss: 1 });
});

Deno.test("networks come in their order, long curves are thinned and keep the chosen epoch", async () => {
  const rows = Array.from({ length: 2000 }, (_, epoch) => {
    const loss = epoch === 1234 ? 0.1 : 0.5;
    return `${epoch}\t${epoch}\t${loss}\t${loss}\t0.5\t0.5`;
  });
  const table = `${HEAD}${rows.join("\n")}\n`;
  const files = Object.fromEntries(
    Array.from({ length: 11 }, (_, k) => [`network-${k}/training.tsv`, table]),
  );
  await using run = await trained(files, ["loss"]);
  const { series } = await learningCurves(run.artifacts);
  assertEquals(series.map(({ network }) => network), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const { epochs, chosen, validation } of series) {
    assertEquals([epochs.length, epochs[chosen.loss], validation.loss[chosen.loss]], [
      502,
      1235,
      0.1,
    ]);
    assertEquals(epochs.at(-1), 2000);
  }
});

Deno.test("of many networks the loss and the selection metrics are shown", async () => {
  const names = Array.from({ length: 10 }, (_, i) => `m${i}`);
  const head = ["epoch", "iteration", "loss_valid", "BA_valid", ...names.map((n) => `${n}_valid`)];
  const rows = Array.from(
    { length: 400 },
    (_, epoch) => [epoch, epoch, ...head.slice(2).map(() => 1)],
  );
  const table = `${[head, ...rows].map((row) => row.join("\t")).join("\n")}\n`;
  const files = Object.fromEntries(
    Array.from({ length: 40 }, (_, k) => [`network-${k}/training.tsv`, table]),
  );
  await using run = await trained(files, ["BA"]);
  assertEquals((await learningCurves(run.artifacts)).metrics, ["loss", "BA"]);
});

Deno.test("what is still in training is drawn from its progress, one curve a group of networks", async () => {
  const point = (epoch: number, loss: number) => ({
    instance: "train",
    metrics: { epoch, images_per_second: 9, loss_train: loss, loss_valid: loss + 1 },
  });
  const points = [point(1, 0.5), point(2, 0.4), point(1, 0.6)];
  await using run = await MadeRun.make({ train: { kind: "train.classification" } }, points);
  const { metrics, series } = await learningCurves(run.artifacts);
  assertEquals(metrics, ["loss"]);
  assertEquals(series.map(({ network, epochs, train }) => [network, epochs, train.loss]), [
    [0, [1, 2], [0.5, 0.4]],
    [1, [1], [0.6]],
  ]);
});
