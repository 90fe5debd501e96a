import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Output } from "../../src/cli/terminal.ts";
import { call, launcher, Project } from "./project.ts";

/** Calls `gyrus`, and gives what it writes to a shell's pipe or file. */
async function gyrusTo(project: Project, target: string, ...args: string[]) {
  const script = `{ "$@"; echo $? >code; } ${target}`;
  const called = await call("sh", ["-c", script, "sh", launcher, ...args], { cwd: project.folder });
  return { ...called, code: Number(await project.read("code")) };
}

Deno.test("a run whose output goes to `head -1` goes on to its end", async () => {
  await using project = await Project.make();
  const { code, out, err } = await gyrusTo(project, "| head -1", "run", "flow.toml");
  assertEquals({ code, out, err }, { code: 0, out: "start first  (never run)\n", err: "" });
  assertEquals(await project.read("results/all.tsv"), "n\n4\n1\nn\n4\n2\n3\n");
});

Deno.test("a run with --json whose output goes to `head -1` exits by its result", async () => {
  await using project = await Project.make();
  const { code, out, err } = await gyrusTo(
    project,
    "| head -1",
    "run",
    "flow.toml",
    "--json",
    "--keep-going",
    "--set",
    "each.fail=true",
  );
  assertEquals([JSON.parse(out).type, code, err], ["run-started", 1, ""]);
});

Deno.test("output onto a full disk is an error, after all the work", async () => {
  await using project = await Project.make();
  const lost = "error: standard output: no space left on this disk; free some, or run " +
    `\`${launcher} cache gc\`, then run again\n`;
  const planned = await gyrusTo(project, ">/dev/full", "plan", "flow.toml");
  assertEquals([planned.code, planned.err], [1, lost]);
  const run = await gyrusTo(project, ">/dev/full", "run", "flow.toml");
  assertEquals([run.code, run.err], [1, lost]);
  assertEquals(await project.read("results/all.tsv"), "n\n4\n1\nn\n4\n2\n3\n");
});

Deno.test("a closed terminal lets running steps save, as SIGTERM does", async () => {
  await using project = await Project.make();
  const child = new Deno.Command(launcher, {
    args: ["run", "flow.toml", "first", "--set", "first.milliseconds=2000"],
    cwd: project.folder,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertStringIncludes((await reader.read()).value!, "start first");
  // A shell and the system send it both.
  child.kill("SIGHUP");
  child.kill("SIGHUP");
  await reader.cancel();
  const { code, signal } = await child.status;
  assertEquals([code, signal], [130, null]);
  const { out } = await project.gyrus("runs");
  assertStringIncludes(out, "interrupted");
});

/** Takes `room` bytes and then fails as the operating system does. */
class Stream {
  text = "";

  constructor(public room: number, readonly terminal: boolean, readonly error: () => Error) {}

  isTerminal(): boolean {
    return this.terminal;
  }

  writeSync(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.room);
    if (taken.length === 0) {
      const error = this.error();
      if (error.message.startsWith("Resource")) this.room = 100;
      throw error;
    }
    this.text += new TextDecoder().decode(taken);
    this.room -= taken.length;
    return taken.length;
  }
}

const ioError = () => Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" });

Deno.test("text for a terminal that was closed is dropped, and it has 80 columns", () => {
  const output = new Output(new Stream(4, true, ioError), "standard output");
  output.line("started");
  output.line("done");
  assertEquals([output.problem, output.columns, output.rows], [undefined, 80, 24]);
});

Deno.test("an I/O error of a file is kept as a problem, and no more is written", () => {
  const stream = new Stream(4, false, ioError);
  const output = new Output(stream, "standard output");
  output.line("started");
  stream.room = 100;
  output.line("done");
  assertEquals(stream.text, "star");
  assert(output.problem?.message.startsWith("standard output: the disk reports an I/O error"));
});

Deno.test("a pipe that is full for a moment loses no text", () => {
  const full = () =>
    Object.assign(new Error("Resource temporarily unavailable (os error 11)"), { code: "EAGAIN" });
  const stream = new Stream(3, false, full);
  new Output(stream, "standard output").line("started");
  assertEquals(stream.text, "started\n");
});
