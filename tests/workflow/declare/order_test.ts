import { reports } from "../reading.ts";

reports(
  "steps that wait for each other, and what else is wrong with them",
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
with.diagnoses = []
[steps.caps]
uses = "caps.generate"
with.kind = "phantom"
[steps.self]
uses = "labels.get"
in.caps = "self"
`,
  `a.toml:4:11
4 | in.caps = "b"
  |           ^^^
b.labels is of type labels, but in.caps takes caps

a.toml:7:11
7 | in.caps = "c"
  |           ^^^
c.labels is of type labels, but in.caps takes caps

a.toml:11:10
11 | needs = ["a"]
   |          ^^^
steps wait for each other: a -> c -> b -> a

a.toml:12:18
12 | with.diagnoses = []
   |                  ^^
diagnoses of labels.get must have at least 1 element; it is []

a.toml:18:11
18 | in.caps = "self"
   |           ^^^^^^
steps wait for each other: self -> self`,
);
