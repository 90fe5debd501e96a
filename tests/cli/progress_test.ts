import { assertEquals } from "@std/assert";
import { InstanceProgress } from "../../src/cli/progress.ts";

Deno.test("pace and time left count from the first fraction, so that compiling is no part of them", () => {
  const progress = new InstanceProgress(0, undefined);
  progress.update({ message: "compiling kernels, 3 of 9" }, 30_000);
  assertEquals(progress.bar(30_000, 8), "░░░░░░░░            30 s              ");
  progress.update({ fraction: 0.25, message: "epoch 1/2", metrics: { loss: 1 } }, 40_000);
  progress.update({ fraction: 0.5, message: "epoch 1/2", metrics: { loss: 0.51239 } }, 50_000);
  assertEquals(progress.bar(50_000, 8), "████░░░░   50 %     50 s  20 s left   ");
  assertEquals(progress.details(), ["epoch 1/2", "loss 0.5124"]);
  assertEquals(progress.rate(), "20 s/epoch");
  assertEquals(progress.bar(55_000, 8), "████░░░░   50 %     55 s  15 s left   ");
  assertEquals(progress.bar(90_000, 8), "████░░░░   50 %     1:30              ");
});

Deno.test("without a fraction the estimate fills the bar, and nothing once it is used up", () => {
  const progress = new InstanceProgress(0, 20);
  assertEquals(progress.bar(5_000, 8), "██░░░░░░           5.0 s  15 s left   ");
  assertEquals(progress.bar(25_000, 8), "░░░░░░░░            25 s              ");
  assertEquals(progress.rate(), "");
});

Deno.test("less than a second left is a second, for a step still runs", () => {
  assertEquals(new InstanceProgress(0, 20).bar(19_999, 0), "          20 s  1.0 s left  ");
});

Deno.test("a quick pace is shown the other way round", () => {
  const progress = new InstanceProgress(0, undefined);
  progress.update({ fraction: 0.5, message: "image 50/100" }, 10_000);
  assertEquals(progress.rate(), "5 images/s");
});
