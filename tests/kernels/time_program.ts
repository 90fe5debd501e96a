/** Times of built programs, for benches and `deno task kernel`. */
import { clockOf, processorSeconds, timeRun } from "../../src/device/timing.ts";
import type { Device } from "../../src/gpu/device.ts";
import type { Program } from "../../src/gpu/program.ts";

export interface Times {
  /** Milliseconds: elapsed on a software adapter, else by the device's clock. */
  clock: number;
  /** Milliseconds of processor time over two cores; on a GPU `clock`. */
  processor: number;
}

/**
 * Of measurements of as many runs as take `least` milliseconds: the median of three on a software
 * adapter, else the least of three. NaN for a GPU that is too fast to measure.
 */
export async function timeProgram(device: Device, program: Program, least = 250): Promise<Times> {
  if (device.class !== "software") {
    const seconds = await timeRun(await clockOf(device), program, least / 1e3) ?? NaN;
    return { clock: seconds * 1e3, processor: seconds * 1e3 };
  }
  const run = async (times: number): Promise<Times> => {
    const start = performance.now(), before = processorSeconds();
    for (let i = 0; i < times; i++) program.run();
    await device.gpu.queue.onSubmittedWorkDone();
    device.check();
    const processor = (processorSeconds() - before) * 1e3 / 2;
    return { clock: performance.now() - start, processor };
  };
  await run(1);
  const times = Math.max(1, Math.ceil(least / (await run(1)).clock));
  const measured = [await run(times), await run(times), await run(times)];
  const median = (values: number[]) => values.sort((a, b) => a - b)[1] / times;
  return {
    clock: median(measured.map((m) => m.clock)),
    processor: median(measured.map((m) => m.processor)),
  };
}
