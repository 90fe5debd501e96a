import { assertEquals } from "@std/assert";
import { encodeEvent, type EventBody } from "../../src/engine/plan/events.ts";
import { readRun, RunFolder, runPath, type RunRecord } from "../../src/engine/run/run_folder.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { currentRun } from "../../src/report/current_run.ts";

const KEY = `sha256-${"0".repeat(64)}`;

function entry(name: string): RunRecord["instances"][number] {
  return {
    name,
    step: name,
    kind: "toy",
    version: 1,
    axes: {},
    params: {},
    inputs: {},
    outcome: "pending",
    keep: false,
    reasons: [],
  };
}

Deno.test("events show how far a run is; what ran when its process ended was interrupted", async () => {
  const root = await Deno.makeTempDir({ prefix: "gyrus-report-" });
  try {
    const store = openStore(root);
    const id = "2026-01-01T00-00-00-000-abcdef";
    const folder = new RunFolder(store, id);
    await folder.write({
      version: 1,
      id,
      status: "running",
      workflow: { name: "w", file: "/w.toml", folder: "/", sources: {}, params: {} },
      instances: ["a", "b", "c", "d", "e"].map(entry),
      publications: [],
      started: "2026-01-01T00:00:00.000Z",
      versions: {},
    }, false);
    const started = { step: "a", kind: "toy", key: KEY, attempt: 1, logPath: "" };
    const reasons = [{ cause: "forced" }] as const;
    const bodies: EventBody[] = [
      { type: "instance-started", instance: "a", ...started, reasons },
      { type: "instance-cached", instance: "b", key: KEY, by: "plan" },
      { type: "instance-progress", instance: "a", fraction: 0.5, metrics: { loss: 2 } },
      { type: "instance-started", instance: "c", ...started, reasons },
      {
        type: "instance-failed",
        instance: "c",
        message: "broke",
        logPath: "",
        lastLines: [],
        failedFolder: "",
      },
      { type: "instance-skipped", instance: "d", because: "c failed" },
    ];
    const time = "2026-01-01T00:00:01.000Z";
    const text = bodies.map((body) => encodeEvent({ time, ...body })).join("");
    await Deno.writeTextFile(`${runPath(store, id)}/events.jsonl`, `${text}{"torn`);

    const now = currentRun(store, readRun(store, id)!);
    assertEquals(now.status, "running");
    assertEquals(
      now.instances.map((
        { name, outcome, message, fraction },
      ) => [name, outcome, message, fraction]),
      [
        ["a", "running", undefined, 0.5],
        ["b", "cached", undefined, undefined],
        ["c", "failed", "broke", undefined],
        ["d", "skipped", "c failed", undefined],
        ["e", "pending", undefined, undefined],
      ],
    );
    assertEquals(now.instances[0].reasons, [...reasons]);
    assertEquals(now.points, [{ instance: "a", metrics: { loss: 2 } }]);

    folder.close();
    const later = currentRun(store, readRun(store, id)!);
    assertEquals([later.status, later.instances[0].outcome], ["killed", "interrupted"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
