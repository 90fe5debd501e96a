import { assertEquals } from "@std/assert";
import { WorkflowError } from "../../src/errors.ts";
import { base, experiment, issues } from "./reading.ts";

/** Registers a test: the last issues of a text must read exactly so. */
function says(name: string, text: string, expected: string): void {
  Deno.test(name, async () => assertEquals(await issues(text), expected));
}

const kfold = '[steps.folds]\nuses = "split.kfold"\nin.labels = "labels"\n';
const trainer = `${kfold}[steps.train]
uses = "train.classification"
in.images = "slices"
`;

// The shape of the file

says(
  "version is missing",
  base.replace("version = 1", "name = 'x'"),
  `a.toml:1:1
1 | name = 'x'
  | ^
version is missing; write version = 1`,
);

says(
  "a version to come",
  base.replace("version = 1", "version = 2"),
  `a.toml:1:11
1 | version = 2
  |           ^
version must be 1, not 2; this file needs a newer Gyrus`,
);

says(
  "unknown keys of the file, of a step, of [defaults] and of a profile",
  `parms = 1
${base}retrys = 3
[defaults]
width = 1
[profile.x]
exekutor = "local"
jobs = 0
`,
  `a.toml:1:1
1 | parms = 1
  | ^^^^^
unknown key "parms" of a workflow file; did you mean "params"?

a.toml:12:1
12 | retrys = 3
   | ^^^^^^
unknown key "retrys" of a step; did you mean "retry"?

a.toml:14:1
14 | width = 1
   | ^^^^^
unknown key "width" of [defaults]; did you mean "with"?

a.toml:16:1
16 | exekutor = "local"
   | ^^^^^^^^
unknown key "exekutor" of a profile; did you mean "executor"?

a.toml:17:8
17 | jobs = 0
   |        ^
jobs must be a whole number of at least 1`,
);

says(
  "tables that are none",
  'version = 1\nparams = 1\nsteps = [1]\nname = ""\n',
  `a.toml:1:1
1 | version = 1
  | ^
the workflow has no steps; write [steps.NAME]

a.toml:2:10
2 | params = 1
  |          ^
params must be a table

a.toml:3:9
3 | steps = [1]
  |         ^^^
steps must be a table

a.toml:4:8
4 | name = ""
  |        ^^
name must be a text in quotes`,
);

says(
  "names that instances and options couldn't be spelt with",
  `${base}[steps."a b"]\nuses = "caps.open"\nwith.path = "x"\n[steps.params]\nuses = "caps.open"\nwith.path = "x"\n`,
  `a.toml:11:8
11 | [steps."a b"]
   |        ^^^^^
"a b" can't be the name of a step; use letters, digits, _ and -, with a letter first

a.toml:14:8
14 | [steps.params]
   |        ^^^^^^
"params" can't be the name of a step; --set params.x means the [params] table`,
);

says(
  "values that TOML has and a workflow hasn't",
  `${base}with.diagnoses = [2024-01-01]\nretry = inf\n`,
  `a.toml:11:19
11 | with.diagnoses = [2024-01-01]
   |                   ^^^^^^^^^^
dates can't be used in a workflow; write it in quotes

a.toml:12:9
12 | retry = inf
   |         ^^^
inf and nan can't be used in a workflow`,
);

says(
  "TOML syntax",
  "version = 1\n[steps.caps\nuses = 1\n",
  `a.toml:2:12
2 | [steps.caps
  |            ^
not valid TOML: a table's name is not closed`,
);

// Step kinds and parameters

says(
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
step a says nothing about what it uses; write uses = "..."

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
steps of one's own can't be loaded here: ./own.ts`,
);

says(
  "an unknown parameter, as the design shows it",
  `${base}[steps.split]
uses = "split.holdout"
in.labels = "labels"
[steps.split.with]
n_tests = 0.2
`,
  `a.toml:15:1
15 | n_tests = 0.2
   | ^^^^^^^
unknown parameter "n_tests" of split.holdout; did you mean "n_test"?`,
);

says(
  "a required parameter is missing",
  `version = 1\n[steps.caps]\nuses = "caps.generate"\n`,
  `a.toml:2:8
2 | [steps.caps]
  |        ^^^^
parameter kind of caps.generate is missing; What the images show.`,
);

says(
  "parameters of the wrong type, range, length or choice",
  `${trainer}in.folds = "folds[0]"
[steps.train.with]
architecture = "resnet81"
multi_network = "yes"
epochs = 1.5
learning_rate = 0
dropout = 2
seed = -1
optimizer = { name = "Adamm", lr = 1 }
`.replace(/^/, base) + `[steps.more]
uses = "extract.slices"
in.caps = "caps"
with = { slice_direction = 3, slice_mode = 1, discarded_slices = [1, 2, 3] }
[steps.other]
uses = "extract.slices"
in.caps = "caps"
with = { discarded_slices = [1, "2"] }
[steps.split]
uses = "split.holdout"
in.labels = "labels"
with = { n_test = 1.5 }
[steps.bad]
uses = "split.holdout"
in.labels = "labels"
with = { subset_name = "TEST" }
`,
  `a.toml:19:16
19 | architecture = "resnet81"
   |                ^^^^^^^^^^
architecture of train.classification must be one of "resnet18", "conv4"; it is "resnet81"; did you mean "resnet18"?

a.toml:20:17
20 | multi_network = "yes"
   |                 ^^^^^
multi_network of train.classification must be true or false; it is "yes"

a.toml:21:10
21 | epochs = 1.5
   |          ^^^
epochs of train.classification must be a whole number; it is 1.5

a.toml:22:17
22 | learning_rate = 0
   |                 ^
learning_rate of train.classification must be greater than 0; it is 0

a.toml:23:11
23 | dropout = 2
   |           ^
dropout of train.classification must be at most 1; it is 2

a.toml:24:8
24 | seed = -1
   |        ^^
seed of train.classification must be at least 0; it is -1

a.toml:25:22
25 | optimizer = { name = "Adamm", lr = 1 }
   |                      ^^^^^^^
optimizer.name of train.classification must be one of "Adam", "SGD"; it is "Adamm"; did you mean "Adam"?

a.toml:25:31
25 | optimizer = { name = "Adamm", lr = 1 }
   |                               ^^
unknown key "lr" in optimizer of train.classification

a.toml:29:28
29 | with = { slice_direction = 3, slice_mode = 1, discarded_slices = [1, 2, 3] }
   |                            ^
slice_direction of extract.slices must be one of 0, 1, 2; it is 3

a.toml:29:44
29 | with = { slice_direction = 3, slice_mode = 1, discarded_slices = [1, 2, 3] }
   |                                            ^
slice_mode of extract.slices must be one of "single", "rgb"; it is 1

a.toml:29:66
29 | with = { slice_direction = 3, slice_mode = 1, discarded_slices = [1, 2, 3] }
   |                                                                  ^^^^^^^^^
discarded_slices of extract.slices must have exactly 2 elements; it is [1,2,3]

a.toml:33:33
33 | with = { discarded_slices = [1, "2"] }
   |                                 ^^^
discarded_slices[1] of extract.slices must be a number; it is "2"

a.toml:37:19
37 | with = { n_test = 1.5 }
   |                   ^^^
n_test above 1 is a number of participants: no fraction

a.toml:41:24
41 | with = { subset_name = "TEST" }
   |                        ^^^^^^
subset_name of split.holdout must have the form /^[a-z]+$/; it is "TEST"`,
);

says(
  "a default that no step declares",
  `${base}[defaults]\nwith.n_subject = 3\nwith.batch_size = 2\n`,
  `a.toml:12:6
12 | with.n_subject = 3
   |      ^^^^^^^^^
no step has the parameter "n_subject"; did you mean "n_subjects"?

a.toml:13:6
13 | with.batch_size = 2
   |      ^^^^^^^^^^
no step has the parameter "batch_size"; known: kind, n_subjects, image_size, seed, slice_direction, slice_mode, discarded_slices, diagnoses`,
);

says(
  "a wrong value of a matrix names the instance",
  `version = 1
[steps.caps]
uses = "caps.generate"
matrix.n = [1, 0]
with = { kind = "phantom", n_subjects = "\${matrix.n}" }
`,
  `a.toml:5:41
5 | with = { kind = "phantom", n_subjects = "\${matrix.n}" }
  |                                         ^^^^^^^^^^^^^
n_subjects of caps.generate must be at least 1; it is 0 (caps[n=0])`,
);

says(
  "a wrong value in [params] is shown where it stands",
  `version = 1
params.n = "many"
[steps.caps]
uses = "caps.generate"
with = { kind = "phantom", n_subjects = "\${params.n}" }
`,
  `a.toml:2:12
2 | params.n = "many"
  |            ^^^^^^
n_subjects of caps.generate must be a number; it is "many"`,
);

// Interpolation

says(
  "interpolations of what is not there",
  `version = 1
params = { seed = 1, a = "\${params.b}", b = "\${params.a}", list = [1] }
[steps.caps]
uses = "caps.generate"
matrix.fold = [1]
retry = "\${matrix.fold}"
with = { kind = "\${env.HOME}", n_subjects = "\${params.sede}", seed = "\${matrix.fodl}" }
[steps.open]
uses = "caps.open"
with = { path = "\${params.seed", extra = ["x\${params.list}"] }
`,
  `a.toml:2:26
2 | params = { seed = 1, a = "\${params.b}", b = "\${params.a}", list = [1] }
  |                          ^^^^^^^^^^^^^
params refer to each other: a -> b -> a

a.toml:6:9
6 | retry = "\${matrix.fold}"
  |         ^^^^^^^^^^^^^^^^
\${matrix.fold} can't be used here; use it under with or in

a.toml:7:17
7 | with = { kind = "\${env.HOME}", n_subjects = "\${params.sede}", seed = "\${matrix.fodl}" }
  |                 ^^^^^^^^^^^^^
\${env.HOME} means nothing; write \${params.NAME} or \${matrix.AXIS}

a.toml:7:45
7 | with = { kind = "\${env.HOME}", n_subjects = "\${params.sede}", seed = "\${matrix.fodl}" }
  |                                             ^^^^^^^^^^^^^^^^
[params] has no "sede"; did you mean "seed"?

a.toml:7:70
7 | with = { kind = "\${env.HOME}", n_subjects = "\${params.sede}", seed = "\${matrix.fodl}" }
  |                                                                      ^^^^^^^^^^^^^^^^
caps has no matrix axis "fodl"; did you mean "fold"?

a.toml:10:17
10 | with = { path = "\${params.seed", extra = ["x\${params.list}"] }
   |                 ^^^^^^^^^^^^^^^
"\${" is not closed by "}"

a.toml:10:42
10 | with = { path = "\${params.seed", extra = ["x\${params.list}"] }
   |                                          ^^^^^^^^^^^^^^^^^^^
a list or table can't be part of a string`,
);

// References and types

says(
  "references to steps, outputs and ports that are not there",
  `${base}[steps.split]
uses = "split.holdout"
in.labels = "label"
in.caps = "caps"
[steps.folds]
uses = "split.kfold"
in.labels = "split.tain"
[steps.more]
uses = "split.kfold"
in.labels = "split"
[steps.odd]
uses = "split.kfold"
in.labels = "split train"
[steps.none]
uses = "split.kfold"
in.labels = 3
[steps.void]
uses = "split.kfold"
`,
  `a.toml:13:13
13 | in.labels = "label"
   |             ^^^^^^^
there is no step "label"; did you mean "labels"?

a.toml:14:4
14 | in.caps = "caps"
   |    ^^^^
unknown input "caps" of split.holdout; known: labels

a.toml:17:13
17 | in.labels = "split.tain"
   |             ^^^^^^^^^^^^
split has no output "tain"; did you mean "train"?

a.toml:20:13
20 | in.labels = "split"
   |             ^^^^^^^
split has several outputs that fit: train, test; write "split.train"

a.toml:23:13
23 | in.labels = "split train"
   |             ^^^^^^^^^^^^^
"split train" is not a reference: " train" can't follow here

a.toml:26:13
26 | in.labels = 3
   |             ^
in.labels must be a reference in quotes; such as "step", "step.output" or "step[*]"

a.toml:27:8
27 | [steps.void]
   |        ^^^^
step void lacks its input labels: The labels.; write in.labels = "step"`,
);

says(
  "types that don't fit",
  `${trainer}in.folds = "slices"
[steps.eval]
uses = "evaluate"
in.predictions = "folds"
[steps.more]
uses = "split.kfold"
in.labels = "labels.labels[0]"
`.replace(/^/, base),
  `a.toml:17:12
17 | in.folds = "slices"
   |            ^^^^^^^^
slices.images is of type images, but in.folds takes fold or folds

a.toml:20:18
20 | in.predictions = "folds"
   |                  ^^^^^^^
folds.folds is of type folds, but in.predictions takes predictions

a.toml:23:13
23 | in.labels = "labels.labels[0]"
   |             ^^^^^^^^^^^^^^^^^^
labels.labels is not a list, so [0] can't be taken of it`,
);

says(
  "steps that wait for each other",
  `version = 1
[steps.a]
uses = "extract.slices"
in.caps = "b"
[steps.b]
uses = "labels.get"
in.caps = "c"
[steps.c]
uses = "labels.get"
in.caps = "caps"
needs = ["a"]
[steps.caps]
uses = "caps.generate"
with.kind = "phantom"
[steps.self]
uses = "labels.get"
in.caps = "self"
`,
  `a.toml:11:10
11 | needs = ["a"]
   |          ^^^
steps wait for each other: a -> c -> b -> a

a.toml:17:11
17 | in.caps = "self"
   |           ^^^^^^
steps wait for each other: self -> self`,
);

says(
  "axes that the consumer lacks, values and axes that are not there, needless [*]",
  `${base}[steps.sets]
uses = "caps.generate"
matrix.n = [1, 2]
with.kind = "random"
[steps.a]
uses = "labels.get"
in.caps = "sets"
[steps.b]
uses = "labels.get"
in.caps = "sets[m=1]"
[steps.c]
uses = "labels.get"
in.caps = "sets[n=3]"
[steps.d]
uses = "labels.get"
in.caps = "caps[*]"
[steps.e]
uses = "labels.get"
in.caps = "sets[*]"
[steps.f]
uses = "labels.get"
matrix.n = [2, 3]
in.caps = "sets"
[steps.g]
uses = "labels.get"
matrix.n = [2]
in.caps = "sets[*]"
[steps.h]
uses = "labels.get"
in.caps = "caps"
needs = ["sets.caps", 3]
`,
  `a.toml:17:11
17 | in.caps = "sets"
   |           ^^^^^^
sets has the axis n, which a lacks; write "sets[*]" for all of it, or pick one: "sets[n=1]"

a.toml:20:11
20 | in.caps = "sets[m=1]"
   |           ^^^^^^^^^^^
sets has no matrix axis "m"; known: n

a.toml:23:11
23 | in.caps = "sets[n=3]"
   |           ^^^^^^^^^^^
no instance of sets has n=3; known: 1, 2

a.toml:26:11
26 | in.caps = "caps[*]"
   |           ^^^^^^^^^
caps has no matrix, so [*] has nothing to collect; write "caps"

a.toml:29:11
29 | in.caps = "sets[*]"
   |           ^^^^^^^^^
in.caps takes one artifact, but "sets[*]" collects several

a.toml:33:11
33 | in.caps = "sets"
   |           ^^^^^^
f[n=3] refers to sets[n=3], which is not there

a.toml:37:11
37 | in.caps = "sets[*]"
   |           ^^^^^^^^^
[*] collects nothing: g has every axis of sets; write "sets" for the one at the same point, or "sets[n=*]" to collect

a.toml:41:10
41 | needs = ["sets.caps", 3]
   |          ^^^^^^^^^^^
"sets.caps": only a step can be needed, not an output; write "sets"

a.toml:41:23
41 | needs = ["sets.caps", 3]
   |                       ^
needs must be the name of a step or a list of names`,
);

// Execution keys

says(
  "execution keys of the wrong kind",
  `${base}retry = -1
timeout = "soon"
cache = "no"
device = "cpu"
keep = 1
description = 2
resources = { cpu = 0, gpu = 1.5, memory = "8 gigs", time = "-2h", disk = 1 }
`,
  `a.toml:11:9
11 | retry = -1
   |         ^^
retry must be a whole number from 0 to 100

a.toml:12:11
12 | timeout = "soon"
   |           ^^^^^^
timeout must be a duration such as "90s", "30m" or "2h", or a number of seconds

a.toml:13:9
13 | cache = "no"
   |         ^^^^
cache must be true or false

a.toml:14:10
14 | device = "cpu"
   |          ^^^^^
device must be "exact", "class" or "any"

a.toml:15:8
15 | keep = 1
   |        ^
keep must be true or false

a.toml:16:15
16 | description = 2
   |               ^
description must be a text in quotes

a.toml:17:21
17 | resources = { cpu = 0, gpu = 1.5, memory = "8 gigs", time = "-2h", disk = 1 }
   |                     ^
resources.cpu must be a whole number from 1 to 4096

a.toml:17:30
17 | resources = { cpu = 0, gpu = 1.5, memory = "8 gigs", time = "-2h", disk = 1 }
   |                              ^^^
resources.gpu must be a whole number from 0 to 64

a.toml:17:44
17 | resources = { cpu = 0, gpu = 1.5, memory = "8 gigs", time = "-2h", disk = 1 }
   |                                            ^^^^^^^^
resources.memory must be a size such as "8GiB" or "500MB", or a number of bytes

a.toml:17:61
17 | resources = { cpu = 0, gpu = 1.5, memory = "8 gigs", time = "-2h", disk = 1 }
   |                                                             ^^^^^
resources.time must be a duration such as "90s", "30m" or "2h", or a number of seconds

a.toml:17:68
17 | resources = { cpu = 0, gpu = 1.5, memory = "8 gigs", time = "-2h", disk = 1 }
   |                                                                    ^^^^
unknown resource "disk"; known: cpu, gpu, memory, time`,
);

Deno.test("an error of the loader of one's own steps keeps its message, at uses", async () => {
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

Deno.test("of a fault at each point of a matrix only some are told", async () => {
  const text = `version = 1
[steps.sets]
uses = "caps.generate"
matrix.n = [1, 2]
with.kind = "random"
[steps.labels]
uses = "labels.get"
matrix.n = { range = 1000 }
in.caps = "sets"
`;
  const blocks = (await issues(text)).split("\n\n");
  assertEquals(blocks.length, 6);
  assertEquals(
    blocks[5],
    `a.toml:9:11
9 | in.caps = "sets"
  |           ^^^^^^
and 993 more like these`,
  );
});

Deno.test("a profile that is not there", async () => {
  assertEquals(
    await issues(experiment, { profile: "clustre" }),
    '--profile clustre: there is no [profile.clustre]; did you mean "cluster"?',
  );
});
