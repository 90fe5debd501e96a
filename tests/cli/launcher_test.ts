import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands/mod.ts";
import { copyOf, pathWith, SYSTEM } from "./bare_path.ts";
import { call, launcher, program, Project } from "./project.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

Deno.test("the launcher works through symbolic links, from any folder", async () => {
  await using project = await Project.make("a project");
  await Deno.mkdir(`${project.root}/bin`);
  await Deno.symlink(launcher, `${project.root}/bin/absolute`);
  await Deno.symlink("absolute", `${project.root}/bin/gyrus`);
  const expected = "ok: 3 steps, 4 instances\n";
  const linked = await call(`${project.root}/bin/gyrus`, ["check", `${project.folder}/flow.toml`], {
    cwd: "/",
  });
  assertEquals([linked.out, linked.err], [expected, ""]);
  const found = await call("gyrus", ["check", "flow.toml"], {
    cwd: project.folder,
    env: { PATH: `${project.root}/bin:${Deno.env.get("PATH")}` },
  });
  assertEquals(found.out, expected);
});

Deno.test("a relative and an absolute path give the same permissions", async () => {
  await using project = await Project.make("one two");
  for (const path of ["one two/flow.toml", `${project.folder}/flow.toml`]) {
    const { code, err } = await call(launcher, ["run", path, "first", "--quiet"], {
      cwd: project.root,
    });
    assertEquals([code, err], [0, ""]);
  }
});

Deno.test("a comma, which no permission can hold, is reported with a way around it", async () => {
  await using project = await Project.make("one,two");
  const path = `${project.folder}/flow.toml`;
  const { code, err } = await call(launcher, ["run", path], { cwd: "/" });
  assertEquals(code, 2);
  assertEquals(
    err,
    `gyrus: Deno takes no path with a comma as a permission: ${project.folder}/
gyrus: call gyrus from inside that folder, by a path without the comma
`,
  );
  assertEquals((await project.gyrus("run", "flow.toml", "first", "--quiet")).code, 0);
});

Deno.test("without Deno and npm the launcher prints the command that installs Deno", async () => {
  await using project = await Project.make();
  const copy = await copyOf(`${project.root}/copy`);
  const path = await pathWith(`${project.root}/path`, SYSTEM);
  const { code, out, err } = await call(copy, ["check", "flow.toml"], {
    env: { PATH: path, HOME: project.root },
    clearEnv: true,
  });
  assertEquals([code, out], [1, ""]);
  assertEquals(
    err,
    `gyrus: Deno 2.9 or newer is needed. This command installs it:
gyrus:   curl -fsSL https://deno.land/install.sh | sh -s v2.9.6
`,
  );
});

Deno.test("an installed Deno that is too old is passed over", async () => {
  await using project = await Project.make();
  const copy = await copyOf(`${project.root}/copy`);
  const path = await pathWith(`${project.root}/path`, SYSTEM);
  for (const version of ["1.46.3", "2.8.11", "nonsense"]) {
    await Deno.writeTextFile(`${path}/deno`, `#!/bin/sh\necho "deno ${version} (stable)"\n`, {
      mode: 0o755,
    });
    const { code, err } = await call(copy, ["check"], {
      env: { PATH: path, HOME: project.root },
      clearEnv: true,
    });
    assertEquals(code, 1);
    assertStringIncludes(err, "Deno 2.9 or newer is needed", version);
  }
});

Deno.test({
  name: "on a bare machine the launcher fetches Deno and packages from npm, once",
  ignore: !full,
  fn: async () => {
    await using project = await Project.make();
    const copy = `${project.root}/copy`;
    await Deno.mkdir(copy);
    const root = new URL("../../", import.meta.url).pathname;
    for (
      const name of ["gyrus", "deno.json", "deno.lock", "program.lock", "mod.ts", "src", "kernels"]
    ) {
      const { code } = await call("cp", ["-r", `${root}${name}`, copy]);
      assertEquals(code, 0);
    }
    const path = await pathWith(`${project.root}/path`, [...SYSTEM, "npm", "node", "env"]);
    const options = {
      cwd: project.folder,
      env: { PATH: path, HOME: Deno.env.get("HOME") ?? "/" },
      clearEnv: true,
    };
    const first = await call(`${copy}/gyrus`, ["check", "flow.toml"], options);
    assertMatch(first.err, /^gyrus: installing Deno 2\.9\.6 from npm .*\ngyrus: fetching .*\n$/);
    assertEquals(first.out, "ok: 3 steps, 4 instances\n");
    const second = await call(`${copy}/gyrus`, ["check", "flow.toml"], options);
    assertEquals([second.out, second.err], ["ok: 3 steps, 4 instances\n", ""]);
  },
});

/** What a step of a stranger tries, and what it must not get. */
const ESCAPES: Readonly<Record<string, [imports: string, run: string]>> = {
  "a text import of a secret": [
    'import secret from "../secret.txt" with { type: "text" };',
    "return secret;",
  ],
  "an https import": [
    'import { secret } from "https://example.org/secret.ts";',
    "return secret;",
  ],
  "a dynamic import": ["", 'return (await import("../secret.ts")).secret;'],
  "a dynamic import in disguise": [
    "",
    'return (await new Function("return import(\'" + new URL("../secret.ts", import.meta.url) + "\')")()).secret;',
  ],
  "an undeclared read": [
    "",
    'return await Deno.readTextFile(new URL("../secret.txt", import.meta.url));',
  ],
};

Deno.test("a stranger's step gets nothing but its inputs, under the launcher and under -A", async () => {
  await using project = await Project.make();
  await Deno.writeTextFile(`${project.root}/secret.txt`, "a secret");
  await Deno.writeTextFile(`${project.root}/secret.ts`, 'export const secret = "a secret";');
  await project.write("flow.toml", 'version = 1\n[steps.spy]\nuses = "./spy.ts"\n');
  for (const [name, [imports, run]] of Object.entries(ESCAPES)) {
    await project.write(
      "spy.ts",
      `${imports}
import { defineStep, z } from "gyrus";
const steal = async () => { ${run} };
export default defineStep({
  kind: "spy", version: 1, summary: "Steals", params: z.object({}), inputs: {},
  outputs: { table: { type: "table", description: "Loot" } }, runs: "worker",
  run: async () => ({ table: { files: { "table.tsv": await steal() } } }),
});
`,
    );
    for (
      const called of [project.gyrus("run", "flow.toml"), project.withAllPermissions("flow.toml")]
    ) {
      const { code, out, err } = await called;
      assert(code === 1 || code === 2, `${name}: ${out}${err}`);
      assertMatch(
        out + err,
        /must not import|outside the step's folder|none of its inputs|asks for import|which a step does not have|make code from text/,
        name,
      );
    }
  }
});

Deno.test("the program has no permission for the network, programs or the rest of the disk", async () => {
  const text = await Deno.readTextFile(launcher);
  assertEquals(text.match(/--allow-net\S*/g), [
    "--allow-net=127.0.0.1",
    '--allow-net="$reachable"',
  ]);
  assertEquals(text.match(/--allow-run\S*/g), ['--allow-run="$programs"']);
  assertEquals(text.match(/--allow-(ffi|all|import)|\s-A\s/g), null);
  assertStringIncludes(text, '[ "$command" != view ] || set -- --allow-net=127.0.0.1');
  assertStringIncludes(text, '[ -z "$reachable" ] || set -- --allow-net="$reachable"');
  assertStringIncludes(program, "mod.ts");
});

Deno.test("the launcher knows each option that takes a value, which names no workflow", async () => {
  const text = await Deno.readTextFile(launcher);
  const cases = text.slice(text.indexOf('for argument in "$@"')).replaceAll("\\\n", " ");
  const known = new Set(
    [...cases.matchAll(/^ +((?:--[a-z-]+[ |]+)*--[a-z-]+)\) option=/gm)]
      .flatMap(([, names]) => names.split(/[ |]+/)),
  );
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const { default: command } = await load();
    for (const [option, { value }] of Object.entries(command.options)) {
      assertEquals(known.has(`--${option}`), value !== undefined, `--${option} of ${name}`);
    }
  }
});

/** Replaces Deno: prints its version, its path and its arguments; of a profile what it is given. */
const SHOWS_ARGUMENTS = `#!/bin/sh
case $1 in
  --version) echo "deno 2.9.6 (stable)" ;;
  eval) echo "$0" ;;
  install) mkdir -p "$DENO_DIR/npm" ;;
  run) case "$*" in *profile_cache.ts*) printf "%s" "\${PROFILE:-}" ;; *) printf "%s\\n" "$@" ;; esac ;;
esac
`;

/** Calls a launcher, and returns the arguments for Deno that begin with a text. */
async function granting(project: Project) {
  const copy = await copyOf(`${project.root}/copy`);
  const path = await pathWith(`${project.root}/path`, SYSTEM);
  await Deno.writeTextFile(`${path}/deno`, SHOWS_ARGUMENTS, { mode: 0o755 });
  const base = { PATH: path, HOME: project.root, DENO_DIR: `${project.root}/packages` };
  return async (start: string, args: readonly string[], more: Record<string, string> = {}) => {
    const options = { env: { ...base, ...more }, clearEnv: true, cwd: project.folder };
    const { out, err } = await call(copy, args, options);
    const said = err.split("\n").filter((line) => /may (connect|run)/.test(line));
    return { found: out.split("\n").filter((line) => line.startsWith(start)), said };
  };
}

Deno.test("only a server that the cache names may be connected to, and the launcher says which", async () => {
  await using project = await Project.make();
  const granted = await granting(project);
  const hosts = async (args: readonly string[], env?: Record<string, string>) => {
    const { found, said } = await granted("--allow-net", args, env);
    assertEquals(said.length, found.length, said.join());
    return found;
  };
  const run = ["run", "flow.toml"];
  assertEquals(await hosts(run), []);
  for (
    const [tier, host] of [
      ["https://cache.lab/gyrus", "cache.lab:443"],
      ["HTTP://cache.lab", "cache.lab:80"],
      ["http://127.0.0.1:8080/a?b", "127.0.0.1:8080"],
      ["https://[::1]/a", "[::1]:443"],
      ["https://[::1]:99/a", "[::1]:99"],
    ]
  ) {
    assertEquals(await hosts([...run, "--cache", `.gyrus,${tier}`]), [`--allow-net=${host}`]);
    assertEquals(await hosts(["plan", "flow.toml", `--cache=.gyrus,/lab, ${tier}`]), [
      `--allow-net=${host}`,
    ]);
  }
  const cache = ".gyrus,https://cache.lab";
  assertEquals(await hosts(run, { GYRUS_CACHE: cache }), ["--allow-net=cache.lab:443"]);
  assertEquals(await hosts([...run, "--cache", ".gyrus"], { GYRUS_CACHE: cache }), []);
  for (const command of ["check", "show", "report", "verify", "doctor"]) {
    assertEquals(await hosts([command, "flow.toml", "--cache", cache]), [], command);
  }
  for (
    const odd of ["https://me:word@cache.lab/", "https:///", "/a/https://b", "ftp://cache.lab"]
  ) {
    assertEquals(await hosts([...run, "--cache", `.gyrus,${odd}`]), [], odd);
  }
  const profile = { PROFILE: "/lab/cache\nnet cache.lab:8443\n" };
  assertEquals(await hosts([...run, "--profile", "lab"], profile), ["--allow-net=cache.lab:8443"]);
  const { found } = await granted("--allow-write", [...run, "--profile", "lab"], profile);
  assertEquals(found, ["--allow-write=.,/lab/cache"]);
});

Deno.test("only the programs of the profile's scheduler may be run, and the launcher says which", async () => {
  await using project = await Project.make();
  const granted = await granting(project);
  const env = { PROFILE: "/lab/cache\nrun sbatch,squeue\n" };
  const programs = async (...args: string[]) => {
    const { found, said } = await granted("--allow-run", args, env);
    assertEquals(said.length, found.length, said.join());
    return found;
  };
  const profile = ["flow.toml", "--profile", "lab"];
  for (const command of [["run"], ["search"], ["cancel", "latest"], []]) {
    assertEquals(await programs(...command, ...profile), ["--allow-run=sbatch,squeue"]);
    const here = await programs(...command, ...profile, "--cache", ".gyrus");
    assertEquals(here, ["--allow-run=sbatch,squeue"], "the cache is another question");
  }
  for (const command of ["plan", "why", "check", "report", "view", "exec"]) {
    assertEquals(await programs(command, ...profile), [], command);
  }
  assertEquals(await programs("run", "flow.toml"), []);
  assertEquals(await programs("cancel", "latest"), ["--allow-run=squeue,scancel"]);
  const { found } = await granted("--allow-write", ["exec", "/lab/cache/jobs/x/plan.json", "3"]);
  assertEquals(found, ["--allow-write=/lab/cache"]);
});

Deno.test("an option's value that ends in .toml widens no permission", async () => {
  await using project = await Project.make();
  const grant = await granting(project);
  const granted = async (...args: string[]) => (await grant("--allow-write", args)).found;
  assertEquals(await granted("report", "flow.toml"), ["--allow-write=."]);
  for (const option of ["--set", "--profile", "--until", "--force", "--sweep", "--include-from"]) {
    assertEquals(await granted("report", option, "/etc/x.toml", "flow.toml"), ["--allow-write=."]);
    assertEquals(await granted("report", `${option}=/etc/x.toml`, "flow.toml"), [
      "--allow-write=.",
    ]);
  }
});

/** A Deno that installs nothing, and prints the lock file that it is given. */
const SHOWS_LOCK = `#!/bin/sh
for argument in "$@"; do case $argument in --lock=*) lock=\${argument##*[=/]} ;; esac; done
case $1 in
  --version) echo "deno 2.9.6 (stable)" ;;
  eval) echo "$0" ;;
  install) mkdir -p "$DENO_DIR/npm"; echo "installs $lock" >&2 ;;
  run | task) echo "$1" "$lock" ;;
esac
`;

Deno.test("a run fetches the packages of the program, ./gyrus test those of the tests too", async () => {
  await using project = await Project.make();
  const path = await pathWith(`${project.root}/path`, SYSTEM);
  await Deno.writeTextFile(`${path}/deno`, SHOWS_LOCK, { mode: 0o755 });
  const env = { PATH: path, HOME: project.root, DENO_DIR: `${project.root}/packages` };
  const fetched = async (copy: string, command: string) => {
    const { out, err } = await call(copy, [command], { env, clearEnv: true, cwd: project.folder });
    return [out.trim(), ...err.split("\n").filter((line) => line.startsWith("installs"))];
  };
  const first = await copyOf(`${project.root}/first`);
  assertEquals(await fetched(first, "steps"), ["run program.lock", "installs program.lock"]);
  assertEquals(await fetched(first, "test"), ["task", "installs deno.lock"]);
  assertEquals(await fetched(first, "test"), ["task"]);
  const second = await copyOf(`${project.root}/second`);
  assertEquals(await fetched(second, "test"), ["task", "installs deno.lock"]);
  assertEquals(await fetched(second, "steps"), ["run program.lock"], "the tests' are enough");
});

Deno.test("a build machine waits for a locked package database", async () => {
  await using project = await Project.make();
  await Deno.mkdir(`${project.folder}/.ci`);
  await Deno.copyFile(new URL("../../.ci/run", import.meta.url), `${project.folder}/.ci/run`);
  const path = await pathWith(`${project.root}/path`, ["sh"]);
  // The database is locked at the first two tries.
  const APT_GET = `#!/bin/sh
case " $* " in
  *" update "*)
    [ -e one ] || { : >one; echo "E: Could not get lock /var/lib/apt/lists/lock" >&2; exit 100; }
    [ -e two ] || { : >two; echo "E: Could not get lock /var/lib/apt/lists/lock" >&2; exit 100; }
    ;;
  *" DPkg::Lock::Timeout=120 install "*) for name in "$@"; do :; done; echo "installs $name" ;;
esac
`;
  for (
    const [name, text] of [
      [`${path}/apt-get`, APT_GET],
      [`${path}/id`, "#!/bin/sh\necho 0\n"],
      [`${path}/sleep`, '#!/bin/sh\necho "sleeps $1"\n'],
      [`${project.folder}/gyrus`, '#!/bin/sh\necho "gyrus $*"\n'],
    ]
  ) await Deno.writeTextFile(name, text, { mode: 0o755 });
  const { code, out } = await call(`${project.folder}/.ci/run`, [], {
    env: { PATH: path },
    clearEnv: true,
  });
  const lines = out.split("\n");
  assertEquals([code, lines.filter((line) => line === "sleeps 5").length], [0, 2]);
  // Where the machine has them, the web server and the head are not installed.
  const common = /^(installs (chromium|libc6-dev|munge)|gyrus)/;
  assertEquals(lines.filter((line) => common.test(line)), [
    "installs chromium",
    "installs libc6-dev",
    "installs munge",
    "gyrus test",
  ]);
});

Deno.test("mod.ts of a checkout without its deno.json names ways to install", async () => {
  await using project = await Project.make();
  const args = ["run", "-A", "--no-config", "--no-lock", "--cached-only", program];
  const { code, err } = await call(Deno.execPath(), [...args, "check", "flow.toml"], {
    cwd: project.folder,
  });
  assertEquals(code, 2);
  assertStringIncludes(err, "link its launcher `gyrus` into a folder of PATH");
});
