/** What the launcher sets for lavapipe. */
import { assert, assertEquals } from "@std/assert";
import { copyOf, pathWith, SYSTEM } from "./bare_path.ts";
import { call, Project } from "./project.ts";

Deno.test("lavapipe gets four threads a processor, unless the user sets the number", async () => {
  await using project = await Project.make();
  const copy = await copyOf(`${project.root}/copy`);
  const path = await pathWith(`${project.root}/path`, SYSTEM);
  // Replaces Deno: prints its version, its path and its arguments.
  const fake = `#!/bin/sh
case $1 in
  --version) echo "deno 2.9.6 (stable)" ;;
  eval) echo "$0" ;;
  install) mkdir -p "$DENO_DIR/npm" ;;
  run) echo "$LP_NUM_THREADS" ;;
esac
`;
  await Deno.writeTextFile(`${path}/deno`, fake, { mode: 0o755 });
  const env = { PATH: path, HOME: project.root, DENO_DIR: `${project.root}/packages` };
  const threads = async (more: Record<string, string>) =>
    (await call(copy, ["check"], { env: { ...env, ...more }, clearEnv: true })).out.trim();
  // Of those that are online: the process may be confined to some of them.
  const given = Number(await threads({}));
  assert(given % 4 === 0 && given >= 4 * navigator.hardwareConcurrency, `${given}`);
  assertEquals(await threads({ LP_NUM_THREADS: "1" }), "1");
});

/**
 * A Deno whose runs print the vector width and the script with its arguments, and write nothing; the
 * launcher's own questions are answered by FAKE_LIST and FAKE_CHOICE.
 */
const SHOWS_WIDTH = `#!/bin/sh
case $1 in
  --version) echo "deno 2.9.6 (stable)" ;;
  eval) echo "$0" ;;
  install) mkdir -p "$DENO_DIR/npm" ;;
  run)
    case "$*" in
      *"vector_width.ts list") [ -z "$FAKE_LIST" ] || printf '%s\\n' $FAKE_LIST ;;
      *"vector_width.ts choose "*) echo "current \${*##* choose }" >&2; echo "$FAKE_CHOICE" ;;
      *) echo "\${LP_NATIVE_VECTOR_WIDTH:-none} \${*##*/mod.ts }" ;;
    esac ;;
esac
`;

/** A launcher on processors of the user's choice. */
async function onProcessor(project: Project) {
  const copy = await copyOf(`${project.root}/copy`);
  const text = await Deno.readTextFile(copy);
  await Deno.writeTextFile(copy, text.replaceAll("/proc/cpuinfo", `${project.root}/cpuinfo`));
  const path = await pathWith(`${project.root}/path`, SYSTEM);
  await Deno.writeTextFile(`${path}/deno`, SHOWS_WIDTH, { mode: 0o755 });
  const env = {
    PATH: path,
    HOME: project.root,
    DENO_DIR: `${project.root}/packages`,
    FAKE_LIST: "256 512",
    FAKE_CHOICE: "512",
  };
  return async (model: string, flags: string, args: string[], more = {}) => {
    const processor = `processor\t: 0\nmodel name\t: ${model}\nflags\t\t: fpu ${flags} avx\n\n`;
    await Deno.writeTextFile(`${project.root}/cpuinfo`, processor.repeat(2));
    const { code, out, err } = await call(copy, args, {
      env: { ...env, ...more },
      clearEnv: true,
      cwd: project.folder,
    });
    assertEquals(code, 0, err);
    const said = err.split("\n").filter((line) => /bits|current/.test(line));
    return [...out.trim().split("\n"), ...said];
  };
}

const XEON = "Some(R) Xeon(R) *  CPU @ 2.60GHz";

Deno.test("lavapipe's vectors have 256 bits on a processor with AVX-512, until 512 measured faster", async () => {
  await using project = await Project.make();
  const gyrus = await onProcessor(project);
  const file = `${project.root}/.config/gyrus/vector_widths`;
  assertEquals(await gyrus(XEON, "avx512f", ["check"]), ["256 check"]);
  assertEquals(await gyrus(XEON, "avx2", ["check"]), ["none check"]);
  assertEquals(await gyrus(XEON, "avx512f", ["check"], { LP_NATIVE_VECTOR_WIDTH: "128" }), [
    "128 check",
  ]);
  assertEquals(await gyrus(XEON, "avx512f", ["tune", "--cache", "c"]), [
    "256 tune --cache c",
    "512 tune --cache c",
    "gyrus: vectors of 256 bits",
    "gyrus: vectors of 512 bits",
    "current 256 tune --cache c",
  ]);
  assertEquals(await Deno.readTextFile(file), `512 ${XEON}\n`);
  assertEquals(await gyrus(XEON, "avx512f", ["check"]), ["512 check"]);
  assertEquals(await gyrus("Another", "avx512f", ["check"]), ["256 check"]);
  await gyrus("Another", "avx512f", ["tune"], { FAKE_CHOICE: "256" });
  assertEquals(await Deno.readTextFile(file), `512 ${XEON}\n256 Another\n`);
  // Measured again: what the launcher sets now is the current one.
  const [, , , , again] = await gyrus(XEON, "avx512f", ["tune"], { FAKE_CHOICE: "256" });
  assertEquals(again, "current 512 tune");
  assertEquals(await Deno.readTextFile(file), `256 Another\n256 ${XEON}\n`);
});

Deno.test("tune --forget brings 256 bits back, for this model of processor alone", async () => {
  await using project = await Project.make();
  const gyrus = await onProcessor(project);
  for (const model of [XEON, "Another"]) await gyrus(model, "avx512f", ["tune"]);
  assertEquals((await gyrus(XEON, "avx512f", ["tune", "--forget"])).slice(0, 2), [
    "256 tune --forget",
    "512 tune --forget",
  ]);
  assertEquals(await gyrus(XEON, "avx512f", ["check"]), ["256 check"]);
  assertEquals(await gyrus("Another", "avx512f", ["check"]), ["512 check"]);
});

Deno.test("tune runs once where the width is given, where there is no choice, and for --help", async () => {
  await using project = await Project.make();
  const gyrus = await onProcessor(project);
  const fixed = { LP_NATIVE_VECTOR_WIDTH: "512" };
  assertEquals(await gyrus(XEON, "avx512f", ["tune"], fixed), ["512 tune"]);
  assertEquals(await gyrus(XEON, "avx2", ["tune"]), ["none tune"]);
  assertEquals(await gyrus(XEON, "avx512f", ["tune"], { FAKE_LIST: "" }), ["256 tune"]);
  assertEquals(await gyrus(XEON, "avx512f", ["tune", "--help"]), ["256 tune --help"]);
});
