/**
 * Runs tests with the packages `@std/*` themselves in place of those of `src/std`, in a copy of the
 * repository. Programs that the tests start use them too.
 *
 *     deno task test:std FOLDER [TEST...]
 *
 * FOLDER is a checkout of denoland/std, which has a folder for each package.
 */
const [folder, ...tests] = Deno.args;
if (folder === undefined) {
  console.error("usage: deno task test:std FOLDER [TEST...]");
  Deno.exit(2);
}
const std = await Deno.realPath(folder);
const root = new URL("../../", import.meta.url).pathname;
const copy = await Deno.makeTempDir({ prefix: "gyrus-std-" });

async function run(command: string, args: readonly string[], cwd: string): Promise<Uint8Array> {
  const child = new Deno.Command(command, { args: [...args], cwd, stderr: "inherit" });
  const { success, stdout } = await child.output();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
  return stdout;
}

/** Folders of the packages, and of those of `@std` that they import. */
async function withImported(names: readonly string[]): Promise<string[]> {
  const found = new Set(names);
  for (const name of found) {
    for await (const entry of Deno.readDir(`${std}/${name}`)) {
      if (!entry.name.endsWith(".ts") || entry.name.endsWith("_test.ts")) continue;
      const text = await Deno.readTextFile(`${std}/${name}/${entry.name}`);
      for (const [, imported] of text.matchAll(/^(?!\s*\*).*from "@std\/([^/"]+)/gm)) {
        found.add(imported.replaceAll("-", "_"));
      }
    }
  }
  return [...found];
}

let status: Deno.CommandStatus;
try {
  const listed = await run("git", ["ls-files", "-co", "--exclude-standard", "-z"], root);
  for (const path of new TextDecoder().decode(listed).split("\0").filter((path) => path !== "")) {
    await Deno.mkdir(`${copy}/${path.slice(0, path.lastIndexOf("/") + 1)}`, { recursive: true });
    await Deno.copyFile(root + path, `${copy}/${path}`);
  }
  const config = JSON.parse(await Deno.readTextFile(`${copy}/deno.json`));
  await Deno.mkdir(`${copy}/.deno`);
  await Deno.symlink(std, `${copy}/.deno/std`);
  config.links = (await withImported(["toml", "csv", "assert"])).map((name) =>
    `./.deno/std/${name}`
  );
  await Deno.writeTextFile(`${copy}/deno.json`, JSON.stringify(config));
  await run(Deno.execPath(), ["install", "--quiet", "--frozen=false"], copy);
  const args = ["test", "-A", "--no-check", "--no-prompt", ...tests];
  status = await new Deno.Command(Deno.execPath(), { args, cwd: copy }).spawn().status;
} finally {
  await Deno.remove(copy, { recursive: true });
}
Deno.exit(status.code);
