/** One test for each change that causes no rerun. */
import { assertEquals } from "@std/assert";
import { run } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import type { Workflow } from "../../../src/workflow/graph.ts";
import type { Json } from "../../../src/workflow/step.ts";
import { base, rerun, type Spec, states } from "./rerun.ts";
import { inFolder } from "../scratch.ts";
import { countFiles } from "../toy_steps.ts";
import { type ToyInstance, toyWorkflow } from "../toy_workflow.ts";

async function assertNothingRuns(
  folder: string,
  first: Workflow,
  second: Workflow,
  between: () => Promise<void> | void = () => {},
): Promise<void> {
  const { plan, result } = await rerun(folder, first, second, {}, between);
  assertEquals(states(plan), states(plan).map(() => "cached"));
  assertEquals(result.counts.done, 0);
}

Deno.test("an edited comment or description reruns nothing", () =>
  inFolder((folder) => {
    const edited = {
      ...toyWorkflow(base()),
      description: "now described",
      sources: new Map([["toy.toml", "# a comment\n"]]),
    };
    return assertNothingRuns(folder, toyWorkflow(base()), edited);
  }));

Deno.test("reordered steps and parameters rerun nothing", () =>
  inFolder((folder) => {
    const spec = (flipped: boolean): Spec => {
      const a: [string, ToyInstance] = ["a", { uses: "constant", with: { text: "a" } }];
      const b: [string, ToyInstance] = ["b", { uses: "constant", with: { text: "b" } }];
      const params: Record<string, Json> = flipped
        ? { first: 3, separator: "-" }
        : { separator: "-", first: 3 };
      return {
        ...Object.fromEntries(flipped ? [b, a] : [a, b]),
        end: { uses: "join", with: params, in: { values: ["a", "b"] } },
      };
    };
    return assertNothingRuns(folder, toyWorkflow(spec(false)), toyWorkflow(spec(true)));
  }));

Deno.test("renamed steps rerun nothing", () =>
  inFolder((folder) => {
    const renamed = { other: base().text, end: { ...base().joined, in: { values: ["other"] } } };
    return assertNothingRuns(folder, toyWorkflow(base()), toyWorkflow(renamed));
  }));

Deno.test("a moved project folder reruns nothing, though paths lie in it", () =>
  inFolder(async (folder) => {
    const workflow = (home: string) =>
      toyWorkflow({
        file: { uses: "file", with: { path: `${home}/in.txt` } },
        open: { uses: "folder", with: { path: `${home}/data` } },
        use: { uses: countFiles, in: { folder: "open" } },
      }, { folder: home });
    const [old, moved] = [`${folder}/old`, `${folder}/moved`];
    await Deno.mkdir(`${old}/data`, { recursive: true });
    await Deno.writeTextFile(`${old}/in.txt`, "in");
    await Deno.writeTextFile(`${old}/data/a.txt`, "a");
    assertEquals((await run(openStore(`${old}/.gyrus`), workflow(old))).status, "done");
    await Deno.rename(old, moved);
    const again = await run(openStore(`${moved}/.gyrus`), workflow(moved));
    assertEquals(again.counts, { cached: 3, done: 0, failed: 0, skipped: 0 });
  }));

Deno.test("a default written explicitly reruns nothing", () =>
  inFolder((folder) => {
    const spec = base();
    spec.joined.with = { separator: "+" };
    return assertNothingRuns(folder, toyWorkflow(base()), toyWorkflow(spec));
  }));

Deno.test("a number written another way reruns nothing", () =>
  inFolder((folder) => {
    const spec = (rate: number): Spec => ({ t: { uses: "train", with: { epochs: 1, rate } } });
    return assertNothingRuns(folder, toyWorkflow(spec(1e-4)), toyWorkflow(spec(0.0001)));
  }));

Deno.test("unkeyed parameters, resources, retries and keep rerun nothing", () =>
  inFolder((folder) => {
    const spec = (other: boolean): Spec => ({
      t: {
        uses: "train",
        with: { epochs: 1, checkpoint_interval: other ? 9 : 0 },
        execution: other
          ? { retry: 3, keep: true, timeout: 60, resources: { cpu: 2, gpu: 1, memory: 5 } }
          : {},
      },
    });
    return assertNothingRuns(folder, toyWorkflow(spec(false)), toyWorkflow(spec(true)));
  }));

Deno.test("a touched file with the same content reruns nothing", () =>
  inFolder(async (folder) => {
    const path = `${folder}/input.txt`;
    await Deno.writeTextFile(path, "one");
    const workflow = () => toyWorkflow({ file: { uses: "file", with: { path } } });
    await assertNothingRuns(folder, workflow(), workflow(), () =>
      Deno.utime(path, new Date(2020, 1, 1), new Date(2020, 1, 1)));
  }));

Deno.test("publications rerun nothing", () =>
  inFolder((folder) =>
    assertNothingRuns(
      folder,
      toyWorkflow(base(), { folder }),
      toyWorkflow(base(), { folder, publish: { "out/joined.txt": "joined" } }),
    )
  ));
