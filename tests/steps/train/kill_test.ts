/**
 * SIGKILL at random instants between the first and the last step of a training: 2 of them, or 20
 * with GYRUS_TEST_FULL=1. The next run ends in the bytes of an uninterrupted run, and starts after the
 * newest finished epoch.
 */
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../../src/random.ts";
import { createProject, openedGroups, prediction, tinyTraining } from "../recipes.ts";
import type { Project } from "../workflows.ts";

const KILLS = Deno.env.get("GYRUS_TEST_FULL") ? 20 : 2;
const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;
const CHILD = new URL("./kill_child.ts", import.meta.url).pathname;

const DATA = openedGroups(["people", "judges", "fresh"]);

const TRAINING = tinyTraining({
  architecture: "Conv5_FC3",
  multi_network: true,
  selection_metrics: ["loss", "BA"],
  epochs: 5,
  batch_size: 2,
  learning_rate: 1e-3,
  dropout: 0.2,
  adaptive_learning_rate: true,
  accumulation_steps: 2,
  data_augmentation: ["Noise", "Erasing"],
  checkpoint_interval: 0,
}, { in: { train: "people", validation: "judges" } }) + prediction("fresh");

/** Lines that report batches and epochs. */
const steps = (lines: readonly string[]) =>
  lines.filter((line) => /^progress epoch \d+\/5, /.test(line));

const epochOf = (step: string) => Number(/epoch (\d+)/.exec(step)![1]);

const outputsOf = (lines: readonly string[]) => lines.filter((line) => line.startsWith("output "));

/** Runs the workflow in a process, which is killed so many milliseconds after so many steps. */
async function session(
  project: Project,
  cache: string,
  instant?: { step: number; delay: number },
): Promise<{ lines: string[]; killed: boolean }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--cached-only", "-c", CONFIG, CHILD]
      .concat(`${project.folder}/workflow.toml`, cache),
    stdout: "piped",
    stderr: "inherit",
  });
  const child = command.spawn();
  const lines: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const complete = (rest + text).split("\n");
    rest = complete.pop()!;
    lines.push(...complete);
    if (instant && timer === undefined && steps(lines).length >= instant.step) {
      timer = setTimeout(() => {
        try {
          child.kill("SIGKILL");
        } catch {
          // The process has ended already.
        }
      }, instant.delay);
    }
  }
  clearTimeout(timer);
  const { signal } = await child.status;
  return { lines, killed: signal === "SIGKILL" };
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

Deno.test(`a training killed at ${KILLS} instants ends in the same bytes and repeats no finished epoch`, async () => {
  await using project = await createProject(
    { people: [0, 10], judges: [10, 4], fresh: [14, 2] },
    [32, 32, 2],
  );
  await project.run(DATA);
  const prepared = `${project.folder}/.gyrus`;
  await project.write("workflow.toml", `version = 1\nname = "kill"\n${DATA}${TRAINING}`);
  const fresh = async (name: string) => {
    await copyFolder(prepared, `${project.folder}/${name}`);
    return `${project.folder}/${name}`;
  };

  const uninterrupted = await session(project, await fresh("uninterrupted"));
  assertEquals(uninterrupted.lines.at(-1), "status done");
  const all = steps(uninterrupted.lines);
  assertEquals([epochOf(all[0]), epochOf(all.at(-1)!)], [1, 5]);
  const random = new Random(11, "instants of kills");
  let kills = 0;
  for (let attempt = 0; kills < KILLS; attempt++) {
    assert(attempt < 3 * KILLS, "the training ends before it can be killed");
    const cache = await fresh(`killed-${attempt}`);
    const instant = { step: 1 + random.integer(all.length - 1), delay: random.integer(30) };
    const first = await session(project, cache, instant);
    if (!first.killed || outputsOf(first.lines).length > 0) continue;
    kills++;
    const reached = epochOf(steps(first.lines).at(-1)!);
    const again = await session(project, cache);
    const label = `killed in epoch ${reached}, ${instant.delay} ms after step ${instant.step}`;
    assertEquals(again.lines.at(-1), "status done", label);
    assertEquals(outputsOf(again.lines), outputsOf(uninterrupted.lines), label);
    const resumed = again.lines.find((line) => line.startsWith("log continuing from a checkpoint"));
    const from = resumed ? epochOf(resumed) : 0;
    assert(from >= reached - 1, `${label}: continued from epoch ${from}`);
    await Deno.remove(cache, { recursive: true });
  }
});
