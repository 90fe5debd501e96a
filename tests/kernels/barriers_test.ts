/**
 * A barrier that is missing from a kernel is found: with any one `workgroupBarrier` removed, the kernel's own
 * test fails. Runs with GYRUS_TEST_FULL=1 only.
 */
import { assert, assertEquals } from "@std/assert";
import { shaders } from "./shaders.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Shaders with one barrier left out: path below kernels/, text, and the line of the barrier. */
function* withoutOneBarrier(): Generator<{ path: string; text: string; line: number }> {
  for (const [path, source] of shaders()) {
    for (const { 0: barrier, index } of source.matchAll(/workgroupBarrier\(\);/g)) {
      const before = source.slice(0, index);
      yield {
        path,
        text: before + source.slice(index + barrier.length),
        line: before.split("\n").length,
      };
    }
  }
}

/** Runs the test of a kernel in a copy of the repository that has `text` as the kernel. */
async function testKernel(path: string, text: string): Promise<string> {
  const copy = await Deno.makeTempDir({ prefix: "gyrus-barriers-" });
  try {
    const places = ["deno.json", "deno.lock", "src", "kernels", "tests"].map((name) => root + name);
    const { code } = await new Deno.Command("cp", { args: ["-r", ...places, copy] }).output();
    assertEquals(code, 0);
    await Deno.writeTextFile(`${copy}/kernels/${path}`, text);
    const test = path.replace(/(_weight_gradient)?\.wgsl$|(?<=batch_norm)\/.*/, "_test.ts");
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--cached-only", "--fail-fast", `tests/kernels/${test}`],
      cwd: copy,
      env: { NO_COLOR: "1" },
    }).output();
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

for (const { path, text, line } of withoutOneBarrier()) {
  Deno.test({
    name: `without the barrier of line ${line}, kernels/${path} fails its test`,
    ignore: Deno.env.get("GYRUS_TEST_FULL") !== "1",
    async fn() {
      const output = await testKernel(path, text);
      // Not for another reason, such as a kernel that does not compile.
      assert(output.includes("AssertionError"), output);
    },
  });
}
