import { base, reports } from "../reading.ts";

reports(
  "version is missing",
  base.replace("version = 1", "name = 'x'"),
  `a.toml:1:1
1 | name = 'x'
  | ^
version is missing; write version = 1`,
);

reports(
  "a version to come",
  base.replace("version = 1", "version = 2"),
  `a.toml:1:11
1 | version = 2
  |           ^
version must be 1, not 2; this file needs a newer Gyrus`,
);

reports(
  "unknown keys of the file, of a step, of [defaults] and of a profile",
  `parms = 1
${base}retrys = 3
[defaults]
width = 1
[profile.x]
cashe = "local"
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
16 | cashe = "local"
   | ^^^^^
unknown key "cashe" of a profile; did you mean "cache"?

a.toml:17:8
17 | jobs = 0
   |        ^
jobs must be a whole number of at least 1`,
);

reports(
  "tables that are none",
  'version = 1\nparams = 1\nsteps = [1]\nname = ""\n',
  `a.toml:2:10
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

reports(
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
