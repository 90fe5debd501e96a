import { base, reports } from "../reading.ts";

const trainer = `[steps.folds]
uses = "split.kfold"
in.labels = "labels"
[steps.train]
uses = "train.classification"
in.images = "slices"
`;

reports(
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

reports(
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

reports(
  "axes that the consumer lacks, values and axes that are not there, needless [*]",
  `${base}[steps.sets]
uses = "caps.generate"
matrix.n = [1, 2]
with = { kind = "random", seed = "\${matrix.n}" }
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
[*] collects nothing: g has every axis of sets; write "sets" for the instance at the same point, or "sets[n=*]" to collect

a.toml:41:10
41 | needs = ["sets.caps", 3]
   |          ^^^^^^^^^^^
"sets.caps": only a step can be needed, not an output; write "sets"

a.toml:41:23
41 | needs = ["sets.caps", 3]
   |                       ^
needs must be the name of a step or a list of names`,
);

reports(
  "an element beyond a list whose length is known",
  `${base}${trainer}matrix.fold = { range = 6 }
in.folds = "folds[\${matrix.fold}]"
`,
  `a.toml:18:12
18 | in.folds = "folds[\${matrix.fold}]"
   |            ^^^^^^^^^^^^^^^^^^^^^^^
folds.folds has 5 elements, so there is no [5]; they are counted from 0: the last is [4]`,
);
