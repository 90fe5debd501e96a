// deno-lint-ignore-file no-control-regex
/** Text of files and steps that holds escape sequences, line breaks and marks of direction. */
import { assert, assertEquals } from "@std/assert";
import { dotText, mermaidText, svgText } from "../../src/cli/drawing.ts";
import { openDisplay } from "../../src/cli/display.ts";
import { reportFailure } from "../../src/cli/failure.ts";
import { Output } from "../../src/cli/terminal.ts";
import { encodeEvent, type EngineEvent } from "../../src/engine/plan/events.ts";
import { DataError, WorkflowError } from "../../src/errors.ts";
import { printable } from "../../src/workflow/printable.ts";
import { toyWorkflow } from "../engine/toy_workflow.ts";
import { constant } from "../engine/toy_steps.ts";
import type { StepKind } from "../../src/workflow/step.ts";

/** Clears the screen, sets the title, moves up, forges a line, turns the direction. */
const HOSTILE = "sub-\x1b[2J\x1b]0;owned\x07\x9b1A\r\n\u2028\u202edone  everything\nrun done\x7f";

/** An output whose stream is kept. */
function output(isTerminal = false) {
  let text = "";
  const stream = {
    isTerminal: () => isTerminal,
    writeSync(bytes: Uint8Array) {
      text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  };
  return { output: new Output(stream, "a stream"), written: () => text };
}

/** Fails when text has anything but Gyrus's own sequences, and a line of data's own. */
function assertHarmless(text: string, own: RegExp = /\x1b\[(0|1|2|3[1236])m/g): void {
  const rest = text.replace(own, "");
  assert(
    !/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(rest),
    JSON.stringify(text),
  );
  for (const line of rest.split("\n")) {
    assert(!/^(done|run done)/.test(line), `a line begins with data: ${JSON.stringify(line)}`);
  }
}

Deno.test("whatever is written shows control characters instead of obeying them", () => {
  const { output: out, written } = output();
  out.line(HOSTILE);
  out.write(`${HOSTILE.replaceAll("\n", " ")}\n`);
  assertHarmless(written());
  assert(
    written().startsWith("sub-\\u001b[2J\\u001b]0;owned\\u0007\\u009b1A\n  \\u2028\\u202edone"),
  );
});

Deno.test("colours and cursor moves of Gyrus work, and data can't imitate them", () => {
  const { output: out, written } = output(true);
  const painted = out.paint(`error ${HOSTILE}`, "red", "bold");
  out.line(painted);
  assert(written().startsWith("\x1b[31m\x1b[1merror sub-\\u001b[2J"), JSON.stringify(written()));
  assert(written().endsWith("\x1b[0m\n"));
  assertHarmless(written());
  out.write(out.escape("[2A"));
  assert(written().endsWith("\x1b[2A"));
});

Deno.test("errors of files, steps and workflows are shown line by line, indented", async () => {
  for (
    const error of [
      new DataError(HOSTILE, HOSTILE),
      new Error(HOSTILE),
      new WorkflowError([
        {
          message: HOSTILE,
          suggestion: HOSTILE,
          location: { file: `/x/${HOSTILE}.toml`, line: 1, column: 1, excerpt: `a\t${HOSTILE}` },
        },
        { message: `unknown step kind "${HOSTILE}"` },
      ]),
    ]
  ) {
    const { output: err, written } = output();
    await reportFailure(error, err);
    assertHarmless(written());
  }
});

Deno.test("a run's lines and live display show names, messages and logs in one line each", () => {
  const event = { time: "", instance: HOSTILE, step: HOSTILE, kind: HOSTILE };
  const events = [
    { ...event, type: "instance-started", reasons: [], key: "k", attempt: 1, logPath: HOSTILE },
    { ...event, type: "instance-progress", fraction: 0.5, message: HOSTILE, metrics: {} },
    { ...event, type: "instance-log", level: "warning", message: HOSTILE },
    {
      ...event,
      type: "instance-failed",
      message: HOSTILE,
      stack: `Error: ${HOSTILE}\n    at ${HOSTILE}`,
      lastLines: [HOSTILE],
      logPath: HOSTILE,
      failedFolder: HOSTILE,
    },
    { time: "", type: "publish-failed", path: HOSTILE, message: HOSTILE },
  ] as unknown as EngineEvent[];
  for (const isTerminal of [false, true]) {
    const { output: out, written } = output(isTerminal);
    const display = openDisplay(out, { folder: "/x", rerun: () => HOSTILE });
    for (const each of events) display.show(each);
    display.close();
    assertHarmless(written(), /\x1b\[(0|1|2|3[1236])m|\x1b\[\d+A|\x1b\[[JK]/g);
  }
  const { output: out, written } = output();
  out.write(encodeEvent(events[1]));
  assertHarmless(written());
  assertEquals(JSON.parse(written()), events[1], "a line of JSON keeps its values");
});

Deno.test("a kind's name with line breaks adds nothing to mermaid, DOT and SVG", () => {
  const kind = `user"]\n  evil["${HOSTILE}<img src=x onerror=alert(1)>`;
  const workflow = toyWorkflow({ a: { uses: { ...constant, kind } as unknown as StepKind } });
  const mermaid = mermaidText(workflow);
  assertEquals(mermaid.split("\n").length, 2, mermaid);
  assert(!mermaid.includes("<img") && mermaid.includes("&lt;img"));
  const dot = dotText(workflow);
  assertEquals(dot.split("\n").length, 4, dot);
  assert(dot.includes('user\\"]\\\\u000a  evil'), dot);
  const svg = svgText(workflow);
  for (const text of [mermaid, dot, svg]) assertEquals(printable(text), text);
});
