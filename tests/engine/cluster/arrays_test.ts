import { assertEquals } from "@std/assert";
import {
  type Candidate,
  type CandidateArray,
  nameDependencies,
  planArrays,
} from "../../../src/engine/cluster/arrays.ts";
import { instancesOfJob } from "../../../src/engine/cluster/together.ts";
import type { Instance } from "../../../src/workflow/graph.ts";

const request = { cpu: 1, gpu: 0 };

/** `count` instances of a step; `after` names what each waits for. */
function candidates(
  step: string,
  orders: readonly number[],
  first: number,
  after: (order: number) => readonly string[] = () => [],
): Candidate[] {
  return orders.map((order) => ({
    instance: { name: `${step}[${order}]`, step } as Instance,
    position: first + order,
    order,
    request,
    after: after(order),
  }));
}

const none = () => undefined;
const firstOf = (tasks: CandidateArray["tasks"]) => tasks[0].candidate.position;

Deno.test("steps of equal axes wait index by index, a fan-in waits for all", () => {
  const arrays = planArrays(
    [
      ...candidates("train", [0, 1, 2], 5),
      ...candidates("predict", [0, 1, 2], 8, (order) => [`train[${order}]`]),
      ...candidates("evaluate", [0], 11, () => ["predict[0]", "predict[1]", "predict[2]"]),
    ],
    none,
    1001,
  );
  assertEquals(
    arrays.map(({ tasks, after }) => [firstOf(tasks), tasks.map((t) => t.index), after]),
    [
      [5, [0, 1, 2], []],
      [8, [0, 1, 2], [{ on: "array", array: 0, kind: "same-index" }]],
      [11, [0], [{ on: "array", array: 1, kind: "all" }]],
    ],
  );
});

Deno.test("an instance whose partner is cached waits for nothing, in an array of its own", () => {
  // SLURM never starts an element whose partner is not in the other array.
  const arrays = planArrays(
    [
      ...candidates("train", [1, 2], 0),
      ...candidates("predict", [0, 1, 2], 3, (order) => order === 0 ? [] : [`train[${order}]`]),
    ],
    none,
    1001,
  );
  assertEquals(arrays.map(({ tasks, after }) => [tasks.map((t) => t.index), after]), [
    [[1, 2], []],
    [[0], []],
    [[1, 2], [{ on: "array", array: 0, kind: "same-index" }]],
  ]);
});

Deno.test("another order of the axes is no pair: the array waits for all of the other", () => {
  const arrays = planArrays(
    [
      ...candidates("train", [0, 1], 0),
      ...candidates("predict", [0, 1], 2, (order) => [`train[${1 - order}]`]),
    ],
    none,
    1001,
  );
  assertEquals(arrays[1].after, [{ on: "array", array: 0, kind: "all" }]);
});

Deno.test("a long step is cut, and each piece waits for the piece with its indices", () => {
  const numbers = Array.from({ length: 5 }, (_, index) => index);
  const arrays = planArrays(
    [
      ...candidates("a", numbers, 10),
      ...candidates("b", numbers, 15, (order) => [`a[${order}]`]),
    ],
    none,
    2,
  );
  assertEquals(arrays.map(({ tasks }) => [firstOf(tasks), tasks.map((t) => t.index)]), [
    [10, [0, 1]],
    [12, [0, 1]],
    [14, [0]],
    [15, [0, 1]],
    [17, [0, 1]],
    [19, [0]],
  ]);
  assertEquals(arrays.slice(3).map(({ after }) => after), [
    [{ on: "array", array: 0, kind: "same-index" }],
    [{ on: "array", array: 1, kind: "same-index" }],
    [{ on: "array", array: 2, kind: "same-index" }],
  ]);
});

Deno.test("jobs of an earlier submission are waited for one by one", () => {
  const [array] = planArrays(
    candidates("evaluate", [0], 9, () => ["train[0]", "train[3]"]),
    (name) => ({ job: "77", index: name === "train[0]" ? 0 : 3 }),
    1001,
  );
  assertEquals(nameDependencies(array.after, []), [{ kind: "all", job: "77", indices: [0, 3] }]);
});

Deno.test("instances that ask for more than the others get an array of their own", () => {
  const [a, b] = candidates("train", [0, 1], 0);
  const arrays = planArrays([a, { ...b, request: { cpu: 1, gpu: 0, memory: 7 } }], none, 1001);
  assertEquals(arrays.map(({ request: { memory } }) => memory), [undefined, 7]);
});

Deno.test("short instances of a step share jobs, as many in each as minutes and other nodes allow", () => {
  assertEquals(instancesOfJob(1000, undefined), 1, "how long they take is unknown");
  assertEquals(instancesOfJob(1000, 0), 16, "64 jobs at least");
  assertEquals(instancesOfJob(64, 1), 1);
  assertEquals(instancesOfJob(1000, 30), 4, "two minutes a job");
  assertEquals(instancesOfJob(1000, 10, 80), 2, "a quarter of the time limit");
  assertEquals(instancesOfJob(1000, 500), 1);
});

Deno.test("steps whose instances share jobs in the same way wait index by index", () => {
  const numbers = Array.from({ length: 130 }, (_, index) => index);
  const quick = (each: Candidate): Candidate => ({ ...each, seconds: 1 });
  const [a, b, c] = planArrays(
    [
      ...candidates("a", numbers, 0).map(quick),
      ...candidates("b", numbers, 130, (order) => [`a[${order}]`]).map(quick),
      ...candidates("c", numbers, 260, (order) => [`b[${order}]`]),
    ],
    none,
    1001,
  );
  assertEquals(a.tasks.slice(0, 4).map(({ index }) => index), [0, 0, 0, 1]);
  assertEquals(b.after, [{ on: "array", array: 0, kind: "same-index" }]);
  // Of another grouping, index 1 is another instance.
  assertEquals(c.after, [{ on: "array", array: 1, kind: "all" }]);
});
