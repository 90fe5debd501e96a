import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openDisplay } from "../../src/cli/display.ts";
import { Output } from "../../src/cli/terminal.ts";
import { Screen } from "./screen.ts";
import type { EngineEvent, EventBody } from "../../src/engine/plan/events.ts";

/** Keeps what is written to its stream. */
class Recorded extends Output {
  text = "";

  constructor(override readonly isTerminal: boolean, readonly screen: Screen) {
    super({
      isTerminal: () => isTerminal,
      writeSync: (bytes) => {
        const text = new TextDecoder().decode(bytes);
        this.text += text;
        if (isTerminal) screen.write(text);
        return bytes.length;
      },
    }, "recorded");
  }

  override get columns(): number {
    return this.screen.columns;
  }

  override get rows(): number {
    return this.screen.rows;
  }
}

function display(isTerminal: boolean, columns = 120, rows = 24) {
  const output = new Recorded(isTerminal, new Screen(columns, rows));
  const clock = { now: 0 };
  const shown = openDisplay(output, {
    folder: Deno.cwd(),
    rerun: (instance) => `gyrus run x.toml ${instance}`,
    now: () => clock.now,
  });
  const show = (body: EventBody) =>
    shown.show({ time: "2026-01-01T00:00:00Z", ...body } as EngineEvent);
  return { output, clock, shown, show };
}

const START: EventBody = {
  type: "run-started",
  run: "r",
  workflow: "w",
  file: "w.toml",
  instances: 3,
  cached: 1,
  pending: 2,
  estimateSeconds: 100,
  withoutEstimate: { seconds: 0, diskBytes: 0, publishedBytes: 0 },
};

const TRAIN: EventBody = {
  type: "instance-started",
  instance: "train[fold=0]",
  step: "train",
  kind: "train.classification",
  key: "sha256-0",
  attempt: 1,
  reasons: [],
  logPath: "x.log",
};

Deno.test("a terminal shows bar, epoch, metrics, rate and time left of each instance, and totals", async () => {
  const { output, clock, shown, show } = display(true);
  show(START);
  show({ type: "instance-cached", instance: "caps", key: "sha256-0", by: "plan" });
  show(TRAIN);
  clock.now = 20_000;
  show({
    type: "instance-progress",
    instance: "train[fold=0]",
    fraction: 0.25,
    message: "epoch 5/20",
    metrics: { loss: 0.41234, balanced_accuracy: 0.8 },
  });
  await drawn();
  const lines = output.screen.text.split("\n");
  const active = lines.find((line) => line.startsWith("train[fold=0]"));
  assert(active !== undefined, output.text);
  for (
    const part of [
      "███░░░",
      " 25 %",
      "epoch 5/20",
      "loss 0.4123",
      "balanced_accuracy 0.8",
      "4 s/epoch",
      "1:00 left",
    ]
  ) assertStringIncludes(active, part);
  assert(lines.includes("1/3 instances · 1 cached · 0 done · 20 s · about 1:20 left"), output.text);
  shown.close();
  assertEquals(output.screen.text, "", "the live lines are erased at the end");
});

/** Waits until the display has drawn once more. */
function drawn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 120));
}

Deno.test("many frames from the first row on leave nothing in the scrollback but lines that stay", async () => {
  const { output, clock, shown, show } = display(true, 60, 8);
  show(START);
  show(TRAIN);
  for (let frame = 1; frame <= 4; frame++) {
    clock.now += 1000;
    await drawn();
  }
  assertEquals(output.screen.scrollback, []);
  for (let line = 1; line <= 8; line++) {
    show({ type: "instance-log", instance: "a", level: "warning", message: `line ${line}` });
  }
  await drawn();
  assertEquals(
    output.screen.scrollback,
    [1, 2, 3].map((line) => `a: warning: line ${line}`),
    "eight lines, two live ones and the cursor's on eight rows",
  );
  shown.close();
  assertEquals(output.screen.scrollback.length, 3);
  assertEquals(output.screen.text.split("\n").at(-1), "a: warning: line 8");
});

Deno.test("what a narrow terminal has no room for is cut, with a mark", async () => {
  const { output, clock, shown, show } = display(true, 60);
  show(START);
  show({ ...TRAIN, estimateSeconds: 90 } as EventBody);
  show({ ...TRAIN, instance: "a_step_with_a_long_name[fold=0,size=16]" } as EventBody);
  clock.now = 20_000;
  show({
    type: "instance-progress",
    instance: "train[fold=0]",
    fraction: 0.25,
    message: "epoch 5/20",
    metrics: { loss: 0.41234, balanced_accuracy: 0.8 },
  });
  clock.now = 21_000;
  await drawn();
  shown.close();
  const [first, second] = output.text.split("\n").slice(-8);
  assertEquals([first, second].map((line) => line.replaceAll(/\p{Cc}\[\d*\w/gu, "")), [
    "train[fold=0]      25 %     21 s  59 s left     epoch 5/20…",
    "a_step_with_a_l…            21 s",
  ]);
});

Deno.test("reading a data set while planning shows its progress, and ends when the run starts", () => {
  const { output, clock, show } = display(false);
  const read = (done: number) =>
    show({
      type: "instance-progress",
      instance: "data",
      fraction: done / 4000,
      message: `${done}/4000 images read`,
    });
  read(1);
  clock.now = 12_000;
  read(1000);
  assertStringIncludes(output.text, "data  25 %  1000/4000 images read");
  show(START);
  assertEquals(output.text.split("\n").length, 2);
});

Deno.test("anything else gets a line of progress every ten seconds at most", () => {
  const { output, clock, show } = display(false);
  show(START);
  show(TRAIN);
  for (clock.now = 0; clock.now <= 25_000; clock.now += 1000) {
    show({
      type: "instance-progress",
      instance: "train[fold=0]",
      fraction: clock.now / 100_000,
      message: `epoch ${clock.now / 1000}/100`,
    });
  }
  assertEquals(
    output.text,
    `start train[fold=0]
  ... train[fold=0]  10 %  epoch 10/100
  ... train[fold=0]  20 %  epoch 20/100
`,
  );
});

Deno.test("the disk that a run needs is printed before it begins, and a disk that is too small", () => {
  const { output, show } = display(false);
  const withoutEstimate = { seconds: 2, diskBytes: 1, publishedBytes: 0 };
  const [needed, free] = [2 ** 31, 2 ** 30];
  show({
    ...START,
    estimateDiskBytes: needed,
    withoutEstimate,
    fullDisks: [{ folder: "/data", needed, free }],
  } as EventBody);
  const [first, second] = output.text.split("\n");
  assertEquals(first, "needs at least 2.00 GiB of disk (1 of 2 instances has no estimate)");
  assertStringIncludes(second, "has 1.00 GiB free, less than the 2.00 GiB that this run needs");
});

Deno.test("warnings, retries and corruption are printed where they happen", () => {
  const { output, show } = display(false);
  show({ type: "instance-log", instance: "a", level: "info", message: "quiet" });
  show({ type: "instance-log", instance: "a", level: "warning", message: "no age" });
  show({ type: "instance-retried", instance: "a", attempt: 1, message: "busy", delaySeconds: 2 });
  show({ type: "corruption", what: "object", name: "sha256-1", path: `${Deno.cwd()}/q/sha256-1` });
  assertEquals(
    output.text,
    `a: warning: no age
a: attempt 1 failed (busy); again in 2.0 s
warning: object sha256-1 is corrupt, see q/sha256-1
`,
  );
});
