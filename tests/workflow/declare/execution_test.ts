import { base, reports } from "../reading.ts";

reports(
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
