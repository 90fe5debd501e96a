import { reports } from "../reading.ts";

reports(
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
