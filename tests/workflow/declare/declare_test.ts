import { assertEquals } from "@std/assert";
import { WorkflowError } from "../../../src/errors.ts";
import { base, issues, reports } from "../reading.ts";

reports(
  "uses is missing, no text, or unknown",
  `version = 1
[steps.a]
with.x = 1
[steps.b]
uses = 3
[steps.c]
uses = "caps.generat"
[steps.d]
uses = "slices"
[steps.e]
uses = "./own.ts"
`,
  `a.toml:2:8
2 | [steps.a]
  |        ^
step a has no "uses"; write uses = "..."

a.toml:5:8
5 | uses = 3
  |        ^
uses must be the name of a step kind in quotes

a.toml:7:8
7 | uses = "caps.generat"
  |        ^^^^^^^^^^^^^^
unknown step kind "caps.generat"; did you mean "caps.generate"?

a.toml:9:8
9 | uses = "slices"
  |        ^^^^^^^^
unknown step kind "slices"; did you mean "extract.slices"?

a.toml:11:8
11 | uses = "./own.ts"
   |        ^^^^^^^^^^
a user's own step can't be loaded here: ./own.ts`,
);

reports(
  "a default that no step declares",
  `${base}[defaults]\nwith.n_subject = 3\nwith.batch_size = 2\n`,
  `a.toml:12:6
12 | with.n_subject = 3
   |      ^^^^^^^^^
no step has the parameter "n_subject"; did you mean "n_subjects"?

a.toml:13:6
13 | with.batch_size = 2
   |      ^^^^^^^^^^
no step has the parameter "batch_size"; known: kind, n_subjects, image_size, note, seed, slice_direction, slice_mode, discarded_slices, diagnoses`,
);

Deno.test("an error of the loader of users' steps is reported unchanged, at uses", async () => {
  const text = 'version = 1\n[steps.a]\nuses = "./own.ts"\n';
  const resolveKind = () =>
    Promise.reject(new WorkflowError([{ message: "own.ts imports ../secret.txt" }]));
  assertEquals(
    await issues(text, { resolveKind }),
    `a.toml:3:8
3 | uses = "./own.ts"
  |        ^^^^^^^^^^
own.ts imports ../secret.txt`,
  );
});
