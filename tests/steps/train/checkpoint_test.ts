import { assertEquals } from "@std/assert";
import { decodeCheckpoint, encodeCheckpoint } from "../../../src/steps/train/checkpoint.ts";
import { improved, newRecord } from "../../../src/steps/train/network_progress.ts";
import type { Artifact } from "../../../src/workflow/step.ts";

Deno.test("a training that goes on from a checkpoint knows that its best value is infinite", async () => {
  const record = newRecord();
  const weights = { digest: "sha256-00", size: 0 };
  record.best = { LR_plus: { epoch: 0, value: Infinity, weights, outputs: weights } };
  record.rows = [
    { epoch: 0, iteration: 3, train: { LR_plus: 2.5 }, valid: { LR_plus: Infinity } },
  ];
  const { files } = encodeCheckpoint({ parked: new Map(), records: [record] });
  const stored = { files: [], readText: () => Promise.resolve(String(files?.["state.json"])) };
  const { records } = await decodeCheckpoint(stored as unknown as Artifact);
  assertEquals(records, [record]);

  const [resumed] = records;
  resumed.rows.push({ epoch: 1, iteration: 3, train: {}, valid: { LR_plus: 7 } });
  assertEquals(improved(resumed, ["LR_plus"]), []);
});
