import { assert, assertEquals, assertThrows } from "@std/assert";
import { fillNormal, Random, streamNumber, threefry2x32 } from "../src/random.ts";

// Known-answer vectors of Random123 1.14 (kat_vectors, threefry2x32 with 20 rounds).
const KNOWN_ANSWERS = [
  [0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6b200159, 0x99ba4efe],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
  [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
];

Deno.test("Threefry-2x32 gives the known answers of Random123", () => {
  const out = new Uint32Array(2);
  for (const [counter0, counter1, key0, key1, answer0, answer1] of KNOWN_ANSWERS) {
    threefry2x32(key0, key1, counter0, counter1, out);
    assertEquals([...out], [answer0, answer1]);
  }
});

Deno.test("a random number depends on seed, stream, step and index, and on nothing drawn before", () => {
  const random = new Random(7, "shuffle");
  const first = random.uniformAt(3, 11);
  random.uniform();
  random.normal();
  assertEquals(random.uniformAt(3, 11), first);
  assertEquals(new Random(7, "shuffle").uniformAt(3, 11), first);
  const others = [
    new Random(8, "shuffle").uniformAt(3, 11),
    new Random(7, "dropout").uniformAt(3, 11),
    random.uniformAt(4, 11),
    random.uniformAt(3, 12),
  ];
  assert(others.every((other) => other !== first));
});

Deno.test("stream names hash by FNV-1a", () => {
  assertEquals(streamNumber(""), 0x811c9dc5);
  assertEquals(streamNumber("a"), 0xe40c292c);
  assertEquals(streamNumber("foobar"), 0xbf9cf968);
});

Deno.test("uniform and normal numbers have the moments of their distributions", () => {
  const random = new Random(1, "moments");
  const count = 200_000;
  const moments = (draw: () => number) => {
    let sum = 0, squares = 0, fourths = 0;
    for (let i = 0; i < count; i++) {
      const x = draw();
      sum += x;
      squares += x * x;
      fourths += x ** 4;
    }
    return [sum / count, squares / count, fourths / count];
  };
  const uniform = moments(() => random.uniform());
  [1 / 2, 1 / 3, 1 / 5].forEach((expected, i) =>
    assert(Math.abs(uniform[i] - expected) < 0.004, `uniform moment ${i}: ${uniform[i]}`)
  );
  const normal = moments(() => random.normal());
  [[0, 0.01], [1, 0.015], [3, 0.12]].forEach(([expected, tolerance], i) =>
    assert(Math.abs(normal[i] - expected) < tolerance, `normal moment ${i}: ${normal[i]}`)
  );
});

Deno.test("integers fill their range evenly and shuffles are permutations", () => {
  const random = new Random(2, "integers");
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 60_000; i++) counts[random.integer(6)]++;
  // Five degrees of freedom: 20.5 is the 0.1 % point of chi-square.
  const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  assert(chiSquare < 20.5, `chi-square ${chiSquare}`);

  const places = new Array<number>(5).fill(0);
  for (let i = 0; i < 20_000; i++) {
    const shuffled = random.shuffle([0, 1, 2, 3, 4]);
    assertEquals([...shuffled].sort(), [0, 1, 2, 3, 4]);
    places[shuffled.indexOf(0)]++;
  }
  assert(places.every((count) => Math.abs(count - 4000) < 250), String(places));
  assertEquals(random.integer(1), 0);
});

Deno.test("seeds outside 32 bits are refused by name", () => {
  assertThrows(() => new Random(-1, 0), RangeError, "seed must be an integer");
  assertThrows(() => new Random(0.5, 0), RangeError, "seed must be an integer");
  assertThrows(() => new Random(0, 2 ** 32), RangeError, "stream must be an integer");
  assertThrows(() => new Random(0, 0).integer(0), RangeError, "bound must be an integer");
});

Deno.test("fillNormal gives the numbers of Random.normal, as float32", () => {
  for (
    const [seed, stream, deviation, count] of [
      [0, 0, 1, 2 ** 21],
      [5, 77777, 0.05, 300_001],
      [0xffffffff, 0xdeadbeef, 1e-30, 1023],
      [1, 2, 0, 5],
    ]
  ) {
    const values = new Float32Array(count);
    fillNormal(values, seed, stream, deviation);
    const random = new Random(seed, stream);
    const differ = values.findIndex((value) =>
      !Object.is(value, Math.fround(random.normal(0, deviation)))
    );
    assertEquals(differ, -1, `of seed ${seed}, deviation ${deviation}`);
  }
});
