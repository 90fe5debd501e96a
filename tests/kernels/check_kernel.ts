/**
 * `deno task kernel NAME` while a kernel is written: checks every variant of the family against float64
 * and against the naive one, times it, and prints one table. A family without variants is checked by its
 * test file.
 */
import { type Device, openDevice } from "../../src/gpu/device.ts";
import { measureConvolutions } from "./conv/ladder.ts";

/** A variant in one direction. */
export interface Measurement {
  variant: string;
  direction: string;
  /** Largest difference from float64, relative to the largest value. */
  error: number;
  /** Whether it differs from float64 and from the naive variant by rounding errors only. */
  equal: boolean;
  /** What was timed. */
  work: string;
  milliseconds: number;
  /** Useful work a second. */
  rate: number;
  unit: "GFLOP/s" | "GB/s";
}

/** Families of several variants. */
const ladders: Readonly<Record<string, (device: Device) => AsyncIterable<Measurement>>> = {
  conv: measureConvolutions,
};

/** Tests here that are not of a kernel. */
const OTHER_TESTS = ["check_kernel", "wgsl_format"];

/** Every family that {@link checkKernel} knows. */
export function kernelNames(): string[] {
  const tests = [...Deno.readDirSync(new URL(".", import.meta.url))]
    .flatMap(({ name }) => /^(\w+)_test\.ts$/.exec(name)?.[1] ?? [])
    .filter((name) => !OTHER_TESTS.includes(name));
  return [...Object.keys(ladders), ...tests].sort();
}

/**
 * Checks one family and prints what it finds.
 *
 * @returns whether all of it is right
 * @throws {RangeError} listing the names when there is no such family
 */
export async function checkKernel(name: string): Promise<boolean> {
  if (!kernelNames().includes(name)) {
    throw new RangeError(`There is no kernel "${name}"; there are ${kernelNames().join(", ")}`);
  }
  const measure = ladders[name];
  if (measure === undefined) {
    const test = new URL(`${name}_test.ts`, import.meta.url).pathname;
    const args = ["test", "-A", "--no-check", test];
    return (await new Deno.Command(Deno.execPath(), { args }).spawn().status).success;
  }
  const device = await openDevice();
  try {
    console.log(device.summary);
    let right = true, header = "";
    for await (const measured of measure(device)) {
      right &&= measured.equal;
      if (header === "") {
        console.log(`timed: ${measured.work}`);
        console.log(
          header = row(["variant", "direction", "error", "equals naive", "ms", "rate"]),
        );
      }
      console.log(textOf(measured));
    }
    return right;
  } finally {
    device.destroy();
  }
}

function textOf({ variant, direction, error, equal, milliseconds, rate, unit }: Measurement) {
  const time = milliseconds.toPrecision(3);
  return row([
    variant,
    direction,
    error.toExponential(1),
    equal ? "yes" : "NO",
    time,
    `${rate.toPrecision(3)} ${unit}`,
  ]);
}

function row(cells: readonly string[]): string {
  const widths = [26, 17, 9, 14, 9, 0];
  return cells.map((cell, i) => cell.padEnd(widths[i])).join("").trimEnd();
}

if (import.meta.main) {
  try {
    Deno.exit(await checkKernel(Deno.args[0] ?? "") ? 0 : 1);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
