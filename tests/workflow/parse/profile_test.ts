import { assertEquals } from "@std/assert";
import { experiment, issues } from "../reading.ts";

Deno.test("a profile that is not there", async () => {
  assertEquals(
    await issues(experiment, { profile: "clustre" }),
    '--profile clustre: there is no [profile.clustre]; did you mean "cluster"?',
  );
});
