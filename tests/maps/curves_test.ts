import { assertEquals } from "@std/assert";
import { writeEvents } from "../../src/formats/tensorboard.ts";
import { readTsv } from "../../src/formats/tsv.ts";
import { tensorboardCurves } from "../../src/maps/curves.ts";

Deno.test("tensorboardCurves counts steps in batches and parts train from validation", () => {
  const training = readTsv(
    "epoch\titeration\tBA_train\tloss_train\tloss_valid\n0\t9\t0.5\t0.7\t0.8\n1\t9\t0.625\t0.6\tn/a\n",
    "training",
  );
  const event = (tag: string, step: number, value: number) => ({
    tag,
    step,
    value,
    wallTime: step,
  });
  assertEquals(
    tensorboardCurves(training),
    new Map([
      [
        "train/events.out.tfevents.0.gyrus",
        writeEvents(0, [
          event("BA", 9, 0.5),
          event("loss", 9, 0.7),
          event("BA", 19, 0.625),
          event("loss", 19, 0.6),
        ]),
      ],
      ["validation/events.out.tfevents.0.gyrus", writeEvents(0, [event("loss", 9, 0.8)])],
    ]),
  );
});
