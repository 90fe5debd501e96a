import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Clock, clockOf, elapsedClock, timeRun } from "../../src/device/timing.ts";
import { tune } from "../../src/device/tune.ts";
import { openDevice } from "../../src/gpu/device.ts";
import type { Program } from "../../src/gpu/program.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";

const program = { length: 10, run() {} } as unknown as Program;

/** By whose count a run takes `seconds`. */
function fakeClock(seconds: number): Clock & { measured: number[] } {
  const measured: number[] = [];
  const time = (_: Program, runs: number) => {
    measured.push(runs);
    return Promise.resolve(runs * seconds);
  };
  return { name: "timestamps", least: 1e-3, measured, time };
}

Deno.test("a short run is repeated until its time can be measured", async () => {
  for (const seconds of [3e-5, 2e-3, 0.4]) {
    const clock = fakeClock(seconds);
    assertAlmostEquals((await timeRun(clock, program, 0.25))!, seconds, seconds * 1e-9);
    const last = clock.measured.at(-1)!;
    assert(last * seconds >= 0.25 && last * seconds < 0.8, `${last} runs of ${seconds} s`);
  }
});

Deno.test("a device that takes no time is too fast to measure, after a bounded number of runs", async () => {
  for (const seconds of [0, 1e-9]) {
    const clock = fakeClock(seconds);
    assertEquals(await timeRun(clock, program, 0.25), undefined);
    assert(clock.measured.reduce((sum, runs) => sum + runs) < 20_000);
  }
});

/** A queue that works off `perRun` seconds a run, while the host takes `perSubmit` seconds for each. */
function fakeQueue(perRun: number, perSubmit: number) {
  let [now, busyUntil] = [0, 0];
  const submitting = {
    ...program,
    run() {
      now += perSubmit;
      busyUntil = Math.max(now, busyUntil) + perRun;
    },
  } as unknown as Program;
  const queue = {
    onSubmittedWorkDone() {
      now = Math.max(now, busyUntil) + 0.011;
      return Promise.resolve();
    },
  };
  const device = { gpu: { queue }, check() {} } as unknown as Parameters<typeof elapsedClock>[0];
  return { device, submitting, now: () => now };
}

Deno.test("without timestamps, a GPU's time does not hold the wait for an idle queue", async () => {
  const { device, submitting, now } = fakeQueue(1e-3, 1e-4);
  const clock = await elapsedClock(device, now);
  assertAlmostEquals((await timeRun(clock, submitting, 0.25))!, 1e-3, 1e-5);
});

Deno.test("a GPU that waits for the host is too fast to measure by elapsed time", async () => {
  const { device, submitting, now } = fakeQueue(1e-6, 1e-4);
  const clock = await elapsedClock(device, now);
  assertEquals(await timeRun(clock, submitting, 0.25), undefined);
});

Deno.test("tune ends with the table it began with where a device is too fast to measure", async () => {
  const device = await openDevice();
  try {
    assertEquals((await clockOf(device)).name, "processor");
    const start = kernelTable(device);
    const layer = { images: 1, channels: 4, depth: 1, height: 4, width: 4, outChannels: 4 };
    const layers = [{
      ...layer,
      kernel: [1, 3, 3] as const,
      stride: [1, 1, 1] as const,
      padding: [0, 1, 1] as const,
    }];
    for (const fails of [1, 3]) {
      // Measurable at first: an alternative that is not ends the search too.
      let tables = 0;
      const times = [1, 0.5, 0.25];
      const clock: Clock = {
        ...fakeClock(0),
        time: () => Promise.resolve(tables + 1 < fails ? times[tables] : 0),
      };
      const outcome = await tune(device, { layers, clock, onMeasured: () => tables++ });
      assertEquals(outcome, undefined);
      assertEquals(tables, fails - 1);
      assertEquals(kernelTable(device), start);
    }
  } finally {
    device.destroy();
  }
});

Deno.test("a software adapter's profile is by the processor time of each operation alone", async () => {
  const { ProgramBuilder } = await import("../../src/gpu/program.ts");
  const { activationForward } = await import("../../kernels/activation.ts");
  const device = await openDevice();
  try {
    const builder = new ProgramBuilder(device, "profiled");
    const [a, b] = ["a", "b"].map((name) => builder.tensor(name, 256));
    builder.clear(a);
    activationForward(builder, "none", { x: a, y: b, bytes: 256 });
    activationForward(builder, "none", { x: b, y: a, bytes: 256 });
    const built = await builder.build();
    let reads = 0;
    // A second passes between two looks at the clock.
    const timings = await built.profile(() => reads++);
    assertEquals(timings.map(({ kernel, milliseconds }) => [kernel, milliseconds]), [
      ["clear", 1000],
      ["upload", 1000],
      ["activation.forward", 1000],
      ["upload", 1000],
      ["activation.forward", 1000],
    ]);
    const timed = await built.time(3);
    assert(timed > 0 && timed < 1, `${timed}`);
  } finally {
    device.destroy();
  }
});
