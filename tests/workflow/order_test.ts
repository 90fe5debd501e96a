import { says } from "./reading.ts";

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
