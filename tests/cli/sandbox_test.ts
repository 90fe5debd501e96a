import { assert, assertEquals } from "@std/assert";
import { CRASHES, MAKE_ATTACKS } from "../steps/user/attacks.ts";
import { stepText } from "../steps/user/fixture.ts";
import { Project } from "./project.ts";

const FLOW = `version = 1

[steps.attack]
uses = "./attack.ts"

[steps.crash]
uses = "./crash.ts"
`;

Deno.test("a stranger's step reaches nothing and prints nothing, whatever the permissions", async () => {
  await using project = await Project.make();
  await project.write("attack.ts", stepText(MAKE_ATTACKS));
  await project.write("crash.ts", stepText(CRASHES[0]));
  await project.write("flow.toml", FLOW);
  const attack = ["run", "flow.toml", "--keep-going", "--json", "--cache"];
  for (
    const { code, out, err } of await Promise.all([
      project.gyrus(...attack, "launched"),
      project.withAllPermissions(...attack, "all"),
    ])
  ) {
    assertEquals([code, err], [1, ""]);
    const events = out.trimEnd().split("\n").map((line) => JSON.parse(line));
    const logs = events.filter(({ type }) => type === "instance-log");
    assertEquals(logs.map(({ message }) => message), ["reached: "]);
    const failures = events.filter(({ type }) => type === "instance-failed");
    assertEquals(failures.map(({ instance }) => instance), ["crash"]);
    assert(events.at(-1).type === "run-finished");
  }
});
