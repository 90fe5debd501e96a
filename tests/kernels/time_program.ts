/** Times of built programs, for benches and `deno task kernel`. */
import type { Device } from "../../src/gpu/device.ts";
import type { Program } from "../../src/gpu/program.ts";

export interface Times {
  /** Milliseconds by the clock. */
  clock: number;
  /** Milliseconds of processor time over two cores, NaN outside of Linux. */
  processor: number;
}

/** Median of three measurements, each of as many runs as take `least` milliseconds. */
export async function timeProgram(device: Device, program: Program, least = 250): Promise<Times> {
  const run = async (times: number): Promise<Times> => {
    const start = performance.now(), before = processorTime();
    for (let i = 0; i < times; i++) program.run();
    await device.gpu.queue.onSubmittedWorkDone();
    device.check();
    return { clock: performance.now() - start, processor: (processorTime() - before) / 2 };
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

/** Milliseconds of processor time of all threads of this process. */
function processorTime(): number {
  if (Deno.build.os !== "linux") return NaN;
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    try {
      const [spent] = Deno.readTextFileSync(`/proc/self/task/${name}/schedstat`).split(" ");
      nanoseconds += Number(spent);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return nanoseconds / 1e6;
}
