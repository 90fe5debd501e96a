/** Gyrus as a package of a registry. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { codeDigest } from "../../src/device/code_digest.ts";
import { moduleOf } from "../../src/steps/mod.ts";
import { call, Project } from "./project.ts";
import { Registry } from "./registry.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const root = new URL("../../", import.meta.url);

/** As README shows. */
const INSTALL = [
  "install",
  "--global",
  "--allow-read",
  "--allow-write",
  "--allow-net=127.0.0.1",
  "--allow-env=GYRUS_CACHE,GYRUS_CACHE_TOKEN,LP_NATIVE_VECTOR_WIDTH,NO_COLOR,TERM,XDG_RUNTIME_DIR",
  "--allow-sys=hostname,systemMemoryInfo,osRelease,statfs",
  "--unstable-worker-options",
  "--name=gyrus",
  "jsr:@gyrus/gyrus",
];

Deno.test("the package of a registry publishes, installs and runs as a checkout does", async (t) => {
  await using registry = await Registry.serve();
  const published = await registry.publishGyrus();

  await t.step("publishing warns of imports by a variable, and of nothing else", () => {
    const warned = [...published.err.matchAll(/^(?:warning|error)\[(.+?)\].*\n *--> (.+?):\d/gm)];
    assertEquals(
      warned.map(([, code, path]) => `${code} ${path.slice(root.pathname.length)}`).sort(),
      [
        "unanalyzable-dynamic-import src/device/code_digest.ts",
        "unanalyzable-dynamic-import src/engine/task/executors/worker.ts",
        "unanalyzable-dynamic-import src/steps/user/sandbox_worker.ts",
      ],
    );
  });

  await t.step("the package holds the program alone", () => {
    const others = registry.filesOf("@gyrus/gyrus").filter((path) =>
      !/^\/(src|kernels)\//.test(path)
    );
    assertEquals(others, ["/CHANGELOG.md", "/LICENSE", "/README.md", "/deno.json", "/mod.ts"]);
  });

  await t.step("deno install makes a command", async () => {
    const readme = await Deno.readTextFile(new URL("README.md", root));
    assertStringIncludes(readme.replaceAll(/ \\\n */g, " "), `\ndeno ${INSTALL.join(" ")}\n`);
    const { code, err } = await call(Deno.execPath(), INSTALL, { env: registry.env });
    assertEquals(code, 0, err);
  });

  await t.step("it runs steps of the user and its own", async () => {
    await using project = await Project.make();
    await project.write("own.toml", OWN);
    const gyrus = (...args: string[]) =>
      call("gyrus", args, { cwd: project.folder, env: registry.env });
    const user = await gyrus("run", "flow.toml");
    assertEquals(user.code, 0, user.out + user.err);
    assertEquals(await project.read("results/all.tsv"), "n\n4\n1\nn\n4\n2\n3\n");
    if (!full) return;
    const first = await gyrus("run", "own.toml");
    assertEquals(first.code, 0, first.err);
    assertStringIncludes(first.out, "report.html");
    assertStringIncludes((await gyrus("run", "own.toml")).out, "nothing to do: 3 cached");
  });

  await t.step("its code has the digest of a checkout's", async () => {
    const address = `${registry.env.JSR_URL}@gyrus/gyrus/${registry.versionOf("@gyrus/gyrus")}/`;
    const module = moduleOf("train.classification").href.replace(root.href, address);
    const script = `const { codeDigest } = await import("${address}src/device/code_digest.ts");
      console.log(await codeDigest(new URL("${module}")));`;
    const { out, err } = await call(Deno.execPath(), ["eval", "--no-config", script], {
      env: registry.env,
    });
    assertEquals(out.trim(), await codeDigest(moduleOf("train.classification")), err);
  });

  await t.step({
    name: "a checkout finds what it has trained",
    ignore: !full,
    fn: async () => {
      await using project = await Project.make();
      await project.write("train.toml", TRAIN);
      const trained = await call("gyrus", ["run", "train.toml"], {
        cwd: project.folder,
        env: registry.env,
      });
      assertEquals(trained.code, 0, trained.err);
      assert((await project.gyrus("plan", "train.toml")).out.includes("5 cached, 0 will run"));
    },
  });
});

Deno.test({
  name: "a compiled program embeds the program's sources and packages, and nothing of the tests",
  ignore: !full,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    // Stands in for the runtime, which Deno would download.
    const env = { DENORT_BIN: Deno.execPath(), NO_COLOR: "1" };
    const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
    const args = tasks.compile.command.split(" ").slice(1).map((argument: string) =>
      argument.startsWith("--output=") ? `--output=${folder}/gyrus` : argument
    );
    try {
      const { code, out, err } = await call(Deno.execPath(), args, { cwd: root.pathname, env });
      assertEquals(code, 0, err);
      const embedded = [...(out + err).matchAll(/^[├└][─┬]+ ([\w./]+)/gm)].map(([, name]) => name);
      assertEquals(embedded, [
        ".deno_compile_node_modules",
        "deno.json",
        "kernels/",
        "mod.ts",
        "src/",
      ]);
      assert((out + err).includes(" zod/") && !(out + err).includes("playwright"));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

const OWN = `version = 1

[steps.caps]
uses = "generate.shepplogan"
with = { n_subjects = 2, image_size = 8 }

[steps.labels]
uses = "labels.get"
in.caps = "caps"

[steps.count]
uses = "./count.ts"
`;

const TRAIN = `version = 1

[steps.caps]
uses = "generate.phantom"
with = { n_subjects = 8, image_size = 24 }

[steps.slices]
uses = "extract.slices"
in.caps = "caps"
with = { slices = [12] }

[steps.labels]
uses = "labels.get"
in.caps = "caps"

[steps.folds]
uses = "split.kfold"
in.labels = "labels"
with.n_splits = 2

[steps.train]
uses = "train.classification"
in = { images = "slices", folds = "folds[0]" }
with.epochs = 1
`;
