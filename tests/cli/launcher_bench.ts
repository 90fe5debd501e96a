/**
 * What the launcher adds to a start when nothing is to be done (aim: less than 15 ms), against
 * `deno run mod.ts`, by turns, so that other work of the machine falls on both.
 */
import { launcher, program } from "./project.ts";

const STARTS = 30;
const config = new URL("../../deno.json", import.meta.url).pathname;
const direct = ["run", "--quiet", `--config=${config}`, "--frozen", "--cached-only", "--no-remote"];

/** Milliseconds of one start. */
function start(command: string, args: readonly string[]): number {
  const started = performance.now();
  const { code } = new Deno.Command(command, { args: [...args], stdout: "null" }).outputSync();
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const times: { deno: number[]; gyrus: number[] } = { deno: [], gyrus: [] };
for (let i = 0; i < STARTS; i++) {
  times.deno.push(start(Deno.execPath(), [...direct, "--allow-read", program, "--version"]));
  times.gyrus.push(start(launcher, ["--version"]));
}
const [deno, gyrus] = [median(times.deno), median(times.gyrus)];
console.log(
  `gyrus --version ${gyrus.toFixed(1)} ms, deno run mod.ts --version ${deno.toFixed(1)} ms: ` +
    `${(gyrus / deno).toFixed(2)} times, ${(gyrus - deno).toFixed(1)} ms more`,
);
