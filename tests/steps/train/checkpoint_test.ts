import { assertEquals } from "@std/assert";
import { decodeCheckpoint, encodeCheckpoint } from "../../../src/steps/train/checkpoint.ts";
import { improvedMetrics, newHistory } from "../../../src/steps/train/trained_network.ts";
import type { Artifact } from "../../../src/workflow/step.ts";

Deno.test("a training that continues from a checkpoint knows that its best value is infinite", async () => {
  const history = newHistory();
  const weights = { digest: "sha256-00", size: 0 };
  history.best = { LR_plus: { epoch: 0, value: Infinity, weights, outputs: weights } };
  history.rows = [
    { epoch: 0, iteration: 3, train: { LR_plus: 2.5 }, valid: { LR_plus: Infinity } },
  ];
  const { files } = encodeCheckpoint({ suspended: new Map(), histories: [history] });
  const stored = { files: [], readText: () => Promise.resolve(String(files?.["state.json"])) };
  const { histories } = await decodeCheckpoint(stored as unknown as Artifact);
  assertEquals(histories, [history]);

  const [resumed] = histories;
  resumed.rows.push({ epoch: 1, iteration: 3, train: {}, valid: { LR_plus: 7 } });
  assertEquals(improvedMetrics(resumed, ["LR_plus"]), []);
});
