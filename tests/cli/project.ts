/** A folder with a small workflow of a user's steps, and the program called on it from outside. */
import { dirname } from "../../src/workflow/paths.ts";

const root = new URL("../../", import.meta.url);

export const launcher = new URL("gyrus", root).pathname;
export const program = new URL("mod.ts", root).pathname;

export interface Called {
  code: number;
  out: string;
  err: string;
}

/** Counts to `n`, after what its inputs counted to. */
const COUNT = `import { defineStep, z } from "gyrus";

export default defineStep({
  kind: "count",
  version: 1,
  summary: "Counts",
  params: z.object({
    n: z.int().min(1).max(9).default(3).describe("How far"),
    milliseconds: z.int().default(0).describe("Time a row takes"),
    fail: z.boolean().default(false).describe("Fail at the end"),
  }),
  inputs: {
    before: { types: ["table"], description: "Earlier rows", optional: true, many: true },
  },
  outputs: { table: { type: "table", description: "The rows" } },
  runs: "worker",
  async run(context) {
    const { n, milliseconds, fail } = context.params;
    let text = "";
    for (const input of [context.inputs.before ?? []].flat()) {
      text += await input.readText("table.tsv");
    }
    for (let row = 1; row <= n; row++) {
      context.log("row " + row);
      context.progress({ fraction: row / n, message: "row " + row + "/" + n });
      if (milliseconds > 0) {
        await new Promise((resolve, reject) => {
          setTimeout(resolve, milliseconds);
          context.signal.addEventListener("abort", () => reject(context.signal.reason));
        });
      }
    }
    if (fail) throw new Error("told to fail");
    return { table: { files: { "table.tsv": text === "" ? "n\\n" + n + "\\n" : text + n + "\\n" } } };
  },
});
`;

export const WORKFLOW = `version = 1
name = "counting"

[params]
far = 4

[steps.first]
uses = "./count.ts"
with.n = "\${params.far}"

[steps.each]
uses = "./count.ts"
matrix.k = [1, 2]
in.before = "first"
with.n = "\${matrix.k}"

[steps.all]
uses = "./count.ts"
in.before = "each[*]"

[publish]
"results/all.tsv" = "all.table"
`;

export class Project implements AsyncDisposable {
  private constructor(readonly root: string, readonly folder: string) {}

  /** @param name of the folder; spaces and commas must not matter */
  static async make(name = "a project, with spaces"): Promise<Project> {
    const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "gyrus-cli-" }));
    const project = new Project(root, `${root}/${name}`);
    await Deno.mkdir(project.folder);
    await project.write("count.ts", COUNT);
    await project.write("flow.toml", WORKFLOW);
    return project;
  }

  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/${name}`, text);
  }

  read(name: string): Promise<string> {
    return Deno.readTextFile(`${this.folder}/${name}`);
  }

  /** Calls `gyrus`, found in the PATH, in the project's folder. */
  gyrus(...args: string[]): Promise<Called> {
    const env = { PATH: `${dirname(launcher)}:${Deno.env.get("PATH")}` };
    return call("gyrus", args, { cwd: this.folder, env });
  }

  /** As `deno run -A mod.ts`. */
  withAllPermissions(...args: string[]): Promise<Called> {
    return call(Deno.execPath(), ["run", "-A", "--quiet", program, ...args], { cwd: this.folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

export async function call(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; clearEnv?: boolean } = {},
): Promise<Called> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    ...options,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Times and run ids differ from run to run. */
export function steady(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d{3})?-[0-9a-f]{6}/g, "RUN")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, "WHEN")
    .replaceAll(/\b\d+(\.\d+)? (ms|s)\b/g, "TIME")
    .replaceAll(/sha256-[0-9a-f]{64}/g, "DIGEST");
}
