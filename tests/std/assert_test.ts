import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  AssertionError,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
} from "@std/assert";

/** Whether `fn` throws an AssertionError, told without the functions under test. */
function fails(fn: () => unknown): boolean {
  try {
    fn();
  } catch (error) {
    if (error instanceof AssertionError) return true;
    throw error;
  }
  return false;
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

Deno.test("equal compares by value at any depth", () => {
  const cycle: unknown[] = [1];
  cycle.push(cycle);
  const sameCycle: unknown[] = [1];
  sameCycle.push(sameCycle);
  const pairs: [unknown, unknown][] = [
    [0, -0],
    [NaN, NaN],
    [[1, [2, { a: 3 }]], [1, [2, { a: 3 }]]],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [new Float32Array([1, NaN]), new Float32Array([1, NaN])],
    [new Uint8Array([1]).buffer, new Uint8Array([1]).buffer],
    [new Map([["a", { b: 1 }], ["c", { b: 2 }]]), new Map([["c", { b: 2 }], ["a", { b: 1 }]])],
    [new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 2 }, { a: 1 }])],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
    [new URL("https://example.org/a"), new URL("https://example.org/a")],
    [cycle, sameCycle],
  ];
  pairs.forEach(([a, b], index) => expect(equal(a, b), `pair ${index} should be equal`));
});

Deno.test("equal distinguishes what differs in value, class, keys or order of elements", () => {
  const pairs: [unknown, unknown][] = [
    [1, "1"],
    [null, undefined],
    [[1, 2], [2, 1]],
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [new Float32Array([1]), new Float64Array([1])],
    [new Uint8Array([1]), new Uint8Array([1, 2])],
    [[1], { 0: 1, length: 1 }],
    [new Set([1, 1]), new Set([1, 2])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Date(5), new Date(6)],
    [/a/g, /a/i],
    [new Error("a"), new Error("b")],
    [new TypeError("a"), new Error("a")],
    [() => 1, () => 1],
  ];
  pairs.forEach(([a, b], index) => expect(!equal(a, b), `pair ${index} should differ`));
});

Deno.test("a pair that differed in one place is compared again in another", () => {
  const one = { n: 1 };
  const two = { n: 2 };
  expect(
    !equal(
      new Set([new Set([one]), new Set([one, 3])]),
      new Set([new Set([two]), new Set([two, 3])]),
    ),
    "differing members",
  );
});

Deno.test("each assertion passes on what it asserts and fails on the contrary", () => {
  const cases: Record<string, [pass: () => unknown, fail: () => unknown]> = {
    assert: [() => assert(1), () => assert("")],
    assertFalse: [() => assertFalse(0), () => assertFalse("a")],
    assertEquals: [() => assertEquals([1], [1]), () => assertEquals([1], [2])],
    assertNotEquals: [() => assertNotEquals([1], [2]), () => assertNotEquals([1], [1])],
    assertStrictEquals: [() => assertStrictEquals(NaN, NaN), () => assertStrictEquals([], [])],
    assertExists: [() => assertExists(0), () => assertExists(null)],
    assertGreater: [() => assertGreater(2, 1), () => assertGreater(1, 1)],
    assertLess: [() => assertLess(1, 2), () => assertLess(NaN, 1)],
    assertMatch: [() => assertMatch("abc", /b/), () => assertMatch("abc", /d/)],
    assertStringIncludes: [
      () => assertStringIncludes("abc", "bc"),
      () => assertStringIncludes("abc", "d"),
    ],
    "assertAlmostEquals, by default a ten-millionth of the expected value": [
      () => assertAlmostEquals(1e6 + 0.05, 1e6),
      () => assertAlmostEquals(1e-8, 2e-8),
    ],
    "assertAlmostEquals with a tolerance": [
      () => assertAlmostEquals(1, 1.5, 0.5),
      () => assertAlmostEquals(NaN, 1, 0.5),
    ],
    assertThrows: [
      () =>
        assertThrows(
          () => {
            throw new TypeError("no such column");
          },
          TypeError,
          "such",
        ),
      () => assertThrows(() => {}),
    ],
  };
  for (const [name, [pass, fail]] of Object.entries(cases)) {
    expect(!fails(pass), `${name} should pass`);
    expect(fails(fail), `${name} should fail`);
  }
});

Deno.test("assertThrows and assertRejects check class and message and hand back the error", async () => {
  const raise = (): never => {
    throw new RangeError("fold 7 of 4");
  };
  expect(assertThrows(raise, RangeError).message === "fold 7 of 4", "the error is returned");
  expect(fails(() => assertThrows(raise, TypeError)), "another class");
  expect(fails(() => assertThrows(raise, RangeError, "fold 8")), "another message");

  const reject = () => Promise.reject(new RangeError("fold 7 of 4"));
  const error = await assertRejects(reject, RangeError, "fold 7");
  expect(error instanceof RangeError, "the error is returned");
  await assertRejects(() => assertRejects(reject, TypeError), AssertionError);
  await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError);
  await assertRejects(() => assertRejects(raise), AssertionError);
});

Deno.test("a failed assertEquals shows what differs", () => {
  const { message } = assertThrows(() => assertEquals({ a: 1 }, { a: 2 }), AssertionError);
  assertStringIncludes(message, "a: 1");
  assertStringIncludes(message, "a: 2");
});
