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
  "references of a step with an unknown kind or a wrong parameter are checked too",
  `${base}[steps.train]
uses = "trian"
in.images = "slicez"
needs = ["labls"]
[steps.more]
uses = "extract.slices"
in.caps = "caps"
needs = ["cpas"]
with.slice_direction = 7
`,
  `a.toml:12:8
12 | uses = "trian"
   |        ^^^^^^^
unknown step kind "trian"; did you mean "train.classification"?

a.toml:13:13
13 | in.images = "slicez"
   |             ^^^^^^^^
there is no step "slicez"; did you mean "slices"?

a.toml:14:10
14 | needs = ["labls"]
   |          ^^^^^^^
there is no step "labls"; did you mean "labels"?

a.toml:18:10
18 | needs = ["cpas"]
   |          ^^^^^^
there is no step "cpas"; did you mean "caps"?

a.toml:19:24
19 | with.slice_direction = 7
   |                        ^
slice_direction of extract.slices must be one of 0, 1, 2; it is 7`,
);

reports(
  "steps as a list of tables",
  `version = 1
[[steps]]
name = "caps"
[[profile]]
cache = "x"
[[publish]]
`,
  `a.toml:2:3
2 | [[steps]]
  |   ^^^^^
[[steps]] makes a list, not a table; write [steps.NAME]

a.toml:4:3
4 | [[profile]]
  |   ^^^^^^^
[[profile]] makes a list, not a table; write [profile.NAME]

a.toml:6:3
6 | [[publish]]
  |   ^^^^^^^
[[publish]] makes a list, not a table; write [publish]`,
);

reports(
  "a path of Windows in double quotes",
  `version = 1
[steps.a]
uses = "caps.generate"
with.note = "C:\\Users\\me"
`,
  `a.toml:4:17
4 | with.note = "C:\\Users\\me"
  |                 ^
not valid TOML: invalid character in escape sequence; \\ begins an escape in "..."; write a path with / or between '...'`,
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
