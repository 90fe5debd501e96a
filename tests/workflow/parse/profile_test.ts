import { assertEquals } from "@std/assert";
import { experiment, issues } from "../reading.ts";

Deno.test("a profile that is not there", async () => {
  assertEquals(
    await issues(experiment, { profile: "clustre" }),
    '--profile clustre: there is no [profile.clustre]; did you mean "cluster"?',
  );
});

Deno.test("an executor that is not there is refused when its profile is chosen", async () => {
  const text = experiment.replace('executor = "local"', 'executor = "slurm"');
  assertEquals(await issues(text), "");
  assertEquals(
    await issues(text, { profile: "cluster" }),
    `a.toml:60:12
60 | executor = "slurm"
   |            ^^^^^^^
there is no executor "slurm"; known: local`,
  );
});
