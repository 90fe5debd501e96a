/** What the launcher adds when nothing is to be done: aim less than 15 ms. */
import { launcher, program } from "./project.ts";

const config = new URL("../../deno.json", import.meta.url).pathname;

async function start(command: string, args: readonly string[]): Promise<void> {
  const { code } = await new Deno.Command(command, { args: [...args], stdout: "null" }).output();
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

Deno.bench({
  name: "deno run mod.ts --version",
  group: "start",
  baseline: true,
  n: 30,
  fn: () =>
    start(Deno.execPath(), [
      "run",
      "--quiet",
      `--config=${config}`,
      "--frozen",
      "--cached-only",
      "--no-remote",
      "--allow-read",
      program,
      "--version",
    ]),
});

Deno.bench({
  name: "gyrus --version",
  group: "start",
  n: 30,
  fn: () => start(launcher, ["--version"]),
});
