import { base, reports } from "../reading.ts";

const trainer = `[steps.folds]
uses = "split.kfold"
in.labels = "labels"
[steps.train]
uses = "train.classification"
in.images = "slices"
`;

reports(
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

reports(
  "a required parameter is missing",
  `version = 1\n[steps.caps]\nuses = "caps.generate"\n`,
  `a.toml:2:8
2 | [steps.caps]
  |        ^^^^
parameter kind of caps.generate is missing; What the images show.`,
);

reports(
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

reports(
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

reports(
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
