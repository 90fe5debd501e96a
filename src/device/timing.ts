/** How long work takes on a device, for `gyrus tune` and `gyrus doctor`. */
import process from "node:process";
import type { Device } from "../gpu/device.ts";
import type { Program } from "../gpu/program.ts";

/**
 * - `timestamps`: the device's own clock
 * - `processor`: processor time of this process, which other programs do not lengthen
 * - `elapsed`: the time until the device has nothing left to do
 */
export type ClockName = "timestamps" | "processor" | "elapsed";

export interface Clock {
  readonly name: ClockName;
  /** Seconds; less than this is not measurable. */
  readonly least: number;
  /**
   * Seconds of `runs` runs; less than `least` when the device is faster than the clock can measure.
   *
   * @throws {DeviceError} when the device fails
   */
  time(program: Program, runs: number): Promise<number>;
}

/**
 * The clock that measures a device best. Software adapters compute in this process, and lavapipe
 * writes its timestamps late.
 */
export async function clockOf(device: Device): Promise<Clock> {
  if (device.class === "software") return processorClock(device);
  if (device.gpu.features.has("timestamp-query")) {
    return { name: "timestamps", least: 1e-3, time: (program, runs) => program.time(runs) };
  }
  return await elapsedClock(device);
}

/** Seconds that this process has computed so far, all threads together. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function processorClock(device: Device): Clock {
  return {
    name: "processor",
    least: 0.02,
    async time(program, runs) {
      const began = processorSeconds();
      await runAll(device, program, runs);
      return processorSeconds() - began;
    },
  };
}

/**
 * Of a device that works off its queue behind the host. One that is done when the host has encoded
 * the last run has been waiting for the host: the time would be the host's.
 *
 * @param now seconds
 * @throws {DeviceError} when the device fails
 */
export async function elapsedClock(
  device: Pick<Device, "gpu" | "check">,
  now = () => performance.now() / 1000,
): Promise<Clock> {
  const done = () => device.gpu.queue.onSubmittedWorkDone();
  await done();
  const began = now();
  await done();
  const wait = now() - began;
  return {
    name: "elapsed",
    least: 10 * wait,
    async time(program, runs) {
      const began = now();
      const submitted = await runAll(device, program, runs, now);
      const ended = now();
      return ended - submitted > 2 * wait ? ended - began - wait : 0;
    },
  };
}

/** @returns when the last run was submitted */
async function runAll(
  device: Pick<Device, "gpu" | "check">,
  program: Program,
  runs: number,
  now = () => 0,
): Promise<number> {
  for (let run = 0; run < runs; run++) program.run();
  const submitted = now();
  await device.gpu.queue.onSubmittedWorkDone();
  device.check();
  return submitted;
}

/** Operations that one measurement repeats at most: some seconds of the host. */
const MOST_OPERATIONS = 100_000;

/**
 * Seconds of one run, the least of three means. Runs are repeated until they take `seconds` together, or
 * longer where the clock needs it.
 *
 * @returns undefined when the device is too fast to measure: as many runs as are reasonable take less
 * than the clock can measure
 * @throws {DeviceError} when the device fails
 */
export async function timeRun(
  clock: Clock,
  program: Program,
  seconds: number,
): Promise<number | undefined> {
  // Twice the least, so that no round is too short by chance.
  const enough = Math.max(seconds, 2 * clock.least);
  const most = Math.max(1, Math.floor(MOST_OPERATIONS / Math.max(1, program.length)));
  await clock.time(program, 1); // compiles
  let runs = 1;
  let taken = await clock.time(program, runs);
  while (taken < enough && runs < most) {
    // Eight times as many at most: what a short time promises is not exact.
    const needed = taken > 0 ? enough / taken : Infinity;
    runs = Math.min(most, Math.ceil(runs * Math.min(8, Math.max(1.2, needed))));
    taken = await clock.time(program, runs);
  }
  if (taken < clock.least) return undefined;
  for (let round = 1; round < 3; round++) taken = Math.min(taken, await clock.time(program, runs));
  return taken >= clock.least ? taken / runs : undefined;
}
