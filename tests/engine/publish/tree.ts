/** A step whose output has the files of its parameter, and runs that publish it. */
import { z } from "zod";
import type { Ledger } from "../../../src/engine/publish/ledger.ts";
import { publishOutput } from "../../../src/engine/publish/publication.ts";
import { ReadFiles } from "../../../src/engine/publish/reads.ts";
import { run, type RunOptions } from "../../../src/engine/run/run.ts";
import { digestOf } from "../../../src/engine/store/digest.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { defineStep, type StepKind } from "../../../src/workflow/step.ts";
import { type ToyInstance, toyWorkflow } from "../toy_workflow.ts";

/** Contents by path. */
export type Files = Readonly<Record<string, string>>;

export const treeStep = defineStep({
  kind: "tree",
  version: 1,
  summary: "Writes files.",
  params: z.object({ files: z.record(z.string(), z.string()).describe("contents by path") }),
  inputs: {},
  outputs: { tree: { type: "tree", description: "the files" } },
  runs: "inline",
  run: ({ params }) => Promise.resolve({ tree: { files: params.files } }),
}) as unknown as StepKind;

export interface TreeOptions extends Pick<RunOptions, "forcePublish"> {
  /** Of `[publish]`; a path that ends with .txt names a file. */
  path?: string;
  /** Name of the workflow. */
  name?: string;
  cache?: string;
  /** Name of the step that makes the files. */
  step?: string;
  /** Further steps of the workflow. */
  steps?: Record<string, ToyInstance>;
}

/** Runs a workflow that publishes the files, to `out` in the folder. */
export async function publishTree(folder: string, files: Files, options: TreeOptions = {}) {
  const { path = "out", name, cache = `${folder}/.gyrus`, forcePublish, steps } = options;
  const { step = "made" } = options;
  const spec = { ...steps, [step]: { uses: treeStep, with: { files: { ...files } } } };
  const workflow = toyWorkflow(spec, { folder, name, publish: { [path]: step } });
  await writeFiles(folder, { [`${name ?? "toy"}.toml`]: "" });
  const states: string[] = [];
  const result = await run(openStore(cache), workflow, {
    forcePublish,
    onEvent(event) {
      if (event.type === "published") states.push(event.state);
    },
  });
  return {
    state: states.join(),
    status: result.status,
    error: result.errors.map(({ message }) => message.replaceAll(`${folder}/`, "")).join("\n"),
    done: result.counts.done,
  };
}

/** Publishes files that no run made to `out` in the project of a ledger. */
export async function publishFiles(
  ledger: Ledger,
  files: Files,
  force = false,
): Promise<"written" | "same"> {
  const { store, folder } = ledger;
  const workflow = toyWorkflow({}, { folder });
  const reads = new ReadFiles(store, workflow, () => undefined);
  return await publishOutput({ store, workflow, reads, force }, ledger, {
    path: "out",
    isFile: false,
    output: "made.tree",
    result: { artifact: digestOf(JSON.stringify(files)), version: 1 },
    write: async (target) => {
      for (const [path, text] of Object.entries(files)) await target.write(path, text);
    },
  });
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
}

/** Contents of all files below a folder by path, and where links lead; `folder/` of an empty one. */
export function readFiles(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (below: string): void => {
    const entries = [...Deno.readDirSync(`${folder}${below}`)];
    if (entries.length === 0 && below !== "") found[`${below.slice(1)}/`] = "";
    for (const { name, isDirectory, isSymlink } of entries) {
      const path = `${below}/${name}`;
      if (isDirectory) visit(path);
      else if (isSymlink) found[path.slice(1)] = `→ ${Deno.readLinkSync(folder + path)}`;
      else found[path.slice(1)] = Deno.readTextFileSync(folder + path);
    }
  };
  visit("");
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => a < b ? -1 : 1));
}
