import { assertEquals } from "@std/assert";
import { drawAugmentation } from "../../src/nn/augmentation.ts";
import { drawSampleOrder } from "../../src/nn/sampler.ts";
import {
  createScheduleState,
  observeLoss,
  type Schedule,
  scheduleFactor,
} from "../../src/nn/schedule.ts";

Deno.test("schedules rise during the warm-up, then step, fall as a cosine or stay", () => {
  const state = createScheduleState();
  const factors = (schedule: Schedule) =>
    [0, 1, 2, 3, 4].map((epoch) => +scheduleFactor(schedule, state, epoch).toFixed(4));
  assertEquals(factors({ kind: "constant", warmUp: 3 }), [0.25, 0.5, 0.75, 1, 1]);
  assertEquals(factors({ kind: "step", every: 2, factor: 0.1 }), [1, 1, 0.1, 0.1, 0.01]);
  assertEquals(factors({ kind: "cosine", epochs: 4 }), [1, 0.8536, 0.5, 0.1464, 0]);
});

Deno.test("a plateau schedule falls after more than patience epochs without a lower loss", () => {
  const schedule: Schedule = { kind: "plateau", patience: 2, factor: 0.5 };
  let state = createScheduleState();
  const seen = [1, 0.9, 0.9, 0.89995, 0.9, 0.8, 0.81, 0.82, 0.83].map((loss) => {
    state = JSON.parse(JSON.stringify(observeLoss(schedule, state, loss)));
    return scheduleFactor(schedule, state, 0);
  });
  assertEquals(seen, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]);
});

Deno.test("the order of samples depends on seed and epoch alone", () => {
  const order = (seed: number, epoch: number) => [...drawSampleOrder("random", 50, seed, epoch)];
  assertEquals(order(1, 2), order(1, 2));
  assertEquals(order(1, 2).join() === order(1, 3).join(), false);
  assertEquals(order(1, 2).join() === order(2, 2).join(), false);
  assertEquals(order(1, 2).toSorted((a, b) => a - b), [...drawSampleOrder("sequential", 50, 0, 0)]);
});

Deno.test("the weighted sampler draws every class equally often", () => {
  const classes = Array.from({ length: 1000 }, (_, i) => i < 50 ? 1 : 0);
  const drawn = [...drawSampleOrder("weighted", 1000, 4, 0, classes)];
  const rare = drawn.filter((place) => classes[place] === 1).length;
  // Four standard deviations of a binomial.
  assertEquals(Math.abs(rare - 500) < 4 * Math.sqrt(250), true, `${rare}`);
});

Deno.test("augmentations stay in ClinicaDL's ranges and are drawn anew for every sample", () => {
  const names = ["Noise", "Erasing", "CropPad", "Smoothing"] as const;
  const size = { depth: 1, height: 40, width: 30 };
  const drawn = Array.from({ length: 500 }, (_, i) => drawAugmentation(names, size, 1, 0, i));
  for (const { shift, noise, smoothing, erase: [top, left, height, width] } of drawn) {
    assertEquals(shift.every((s) => s >= -10 && s <= 9), true);
    assertEquals(noise >= 0 && noise < 0.1 && smoothing >= 0 && smoothing < 1, true);
    assertEquals(top + height <= 40 && left + width <= 30 && height * width <= 0.4 * 1200, true);
  }
  const erased = drawn.filter(({ erase }) => erase[2] > 0).length;
  assertEquals(Math.abs(erased - 250) < 4 * Math.sqrt(125), true, `${erased}`);
  assertEquals(new Set(drawn.map(({ noise }) => noise)).size > 490, true);
});

Deno.test("a volume is shifted along every axis, and otherwise augmented as an image of its planes' size", () => {
  const names = ["Noise", "Erasing", "CropPad", "Smoothing"] as const;
  const draw = (depth: number, position: number) =>
    drawAugmentation(names, { depth, height: 40, width: 30 }, 1, 3, position);
  const across = Array.from({ length: 500 }, (_, position) => {
    const image = draw(1, position), { shift: [planes, ...rest], ...volume } = draw(20, position);
    assertEquals({ ...volume, shift: [0, ...rest] }, image);
    return planes;
  });
  assertEquals([Math.min(...across), Math.max(...across)], [-10, 9]);
  assertEquals(new Set(across).size, 20);
});
