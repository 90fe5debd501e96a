import { assertEquals, assertStringIncludes } from "@std/assert";
import { completionScript } from "../../src/cli/completions.ts";
import { call, launcher } from "./project.ts";

const COMMANDS = [
  {
    name: "run",
    summary: "Run what isn't cached",
    options: [{ name: "cache", help: "The cache: [a folder]", value: "DIR" }, {
      name: "quiet",
      help: "Print less",
    }],
    words: [],
  },
  { name: "steps", summary: "List kinds", options: [], words: ["split.kfold", "split.holdout"] },
];

/** What bash offers for the last word of a line. */
async function offered(...words: string[]): Promise<string[]> {
  const script = `${completionScript("bash", COMMANDS)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gyrus; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { out, err } = await call("bash", ["-c", script, "bash", "gyrus", ...words]);
  assertEquals(err, "");
  return out.split("\n").filter((line) => line !== "");
}

Deno.test("bash completes commands, options, step kinds and files", async () => {
  assertEquals(await offered("ru"), ["run"]);
  assertEquals(await offered("run", "--c"), ["--cache"]);
  assertEquals(await offered("steps", "split.k"), ["split.kfold"]);
  const file = new URL("../../workflows/tutorial.toml", import.meta.url).pathname;
  assertEquals(await offered("run", file.slice(0, -4)), [file]);
});

Deno.test("every shell has every command of the program", async () => {
  const { out: help } = await call(launcher, ["--help"]);
  const names = [...help.matchAll(/^ {2}(\w+) +[A-Z]/gm)].map(([, name]) => name);
  for (const shell of ["bash", "zsh", "fish"]) {
    const { out, code } = await call(launcher, ["completions", shell]);
    assertEquals(code, 0);
    for (const name of names) assertStringIncludes(out, name);
  }
  assertEquals((await call(launcher, ["completions", "csh"])).code, 2);
});

for (const shell of ["zsh", "fish"] as const) {
  const present = await new Deno.Command("sh", { args: ["-c", `command -v ${shell}`] }).output();
  Deno.test({
    name: `${shell} reads its completions, quotes in texts too`,
    ignore: !present.success,
    async fn() {
      const script = completionScript(shell, COMMANDS);
      const { code, err } = await call(shell, ["-n", "-c", script]);
      assertEquals([code, err], [0, ""]);
    },
  });
}
