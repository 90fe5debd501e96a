import { assertEquals } from "@std/assert";
import { doubled, firstRequest } from "../../../src/engine/cluster/requests.ts";
import type { Instance, SlurmExecutor } from "../../../src/workflow/graph.ts";

const profile: SlurmExecutor = { kind: "slurm", profile: "p", options: [] };

function instance(resources: Partial<Instance["execution"]["resources"]>, cpu?: number): Instance {
  return {
    kind: { runs: "worker", ...(cpu !== undefined && { cpu }) },
    params: {},
    execution: { resources: { cpu: cpu ?? 1, gpu: 0, ...resources } },
  } as unknown as Instance;
}

Deno.test("a step's resources win; else the profile's, or more where an earlier run needed more", () => {
  const lab = { ...profile, memory: 1000, time: 600, cpu: 2 };
  assertEquals(firstRequest(instance({}), {}, profile), { cpu: 1, gpu: 0 });
  assertEquals(firstRequest(instance({}), {}, lab), { cpu: 2, gpu: 0, memory: 1000, time: 600 });
  const earlier = { memoryBytes: 2000, seconds: 1000 };
  assertEquals(firstRequest(instance({}), earlier, lab), {
    cpu: 2,
    gpu: 0,
    memory: 3000,
    time: 1800,
  });
  assertEquals(firstRequest(instance({ cpu: 7, memory: 50, time: 60 }), earlier, lab), {
    cpu: 7,
    gpu: 0,
    memory: 50,
    time: 60,
  });
  assertEquals(firstRequest(instance({}, 16), {}, profile).cpu, 4, "of all that it can use");
});

Deno.test("what ran out is doubled up to the limit of the profile, else four times", () => {
  const first = { cpu: 1, gpu: 0, memory: 100, time: 60 };
  const second = doubled("memory", first, first, profile)!;
  assertEquals([second.memory, second.time], [200, 60]);
  const third = doubled("memory", second, first, profile)!;
  assertEquals(third.memory, 400);
  assertEquals(doubled("memory", third, first, profile), undefined);
  const limited = { ...profile, max_time: 90 };
  assertEquals(doubled("time", first, first, limited)?.time, 90);
  assertEquals(doubled("time", { ...first, time: 90 }, first, limited), undefined);
  assertEquals(
    doubled("time", { cpu: 1, gpu: 0 }, first, profile),
    undefined,
    "none was asked for",
  );
});
