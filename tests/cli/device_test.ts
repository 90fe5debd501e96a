import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Project } from "./project.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

Deno.test("doctor names the adapter, its limits and kernels, and what they reach", async () => {
  await using project = await Project.make();
  const described = await project.gyrus("doctor", "--json");
  assertEquals([described.code, described.err], [0, ""]);
  const report = JSON.parse(described.out);
  assertEquals(report.deno, Deno.version.deno);
  assert(report.limits.maxBufferSize > 0 && report.measured.gemmTeraflops > 0);
  assertEquals(report.tuned, undefined);
});

Deno.test("tune stores the fastest kernels in the cache, where doctor finds them, until --forget", {
  ignore: !full,
}, async () => {
  await using project = await Project.make();
  const { code, out } = await project.gyrus("tune", "--cache", "c");
  assertEquals(code, 0);
  assertMatch(out, /\d ms {2}standard\n/);
  assertMatch(out, /^fastest: \w+ |^the standard kernels are the fastest$/m);
  const described = await project.gyrus("doctor", "--cache", "c");
  assertStringIncludes(described.out, "kernels: tuned 20");
  const forgotten = await project.gyrus("tune", "--cache", "c", "--forget");
  assertEquals(forgotten.out, "the standard kernels are back\n");
});
