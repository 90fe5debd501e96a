import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Random } from "../../src/random.ts";
import {
  compareSessions,
  orderVisits,
  personKey,
  sessionKey,
  SINGLE_COHORT,
  type Visit,
} from "../../src/tables/identity.ts";

Deno.test("spellings of one session have one key, other sessions and cohorts have others", () => {
  const key = sessionKey("sub-01", "ses-M000");
  for (const session of ["ses-M00", "ses-M0", "M000", " ses-M000 "]) {
    assertEquals(sessionKey("sub-01", session), key);
    assertEquals(sessionKey("01", session, SINGLE_COHORT), key);
  }
  assertNotEquals(sessionKey("sub-01", "ses-0"), key);
  assertNotEquals(sessionKey("sub-1", "ses-M000"), key, "numbers of participants are names");
  assertNotEquals(sessionKey("sub-01", "ses-M000", "ADNI"), key);
  assertNotEquals(personKey("sub-01", "A"), personKey("sub-01", "B"));
});

Deno.test("months and numbers count by their value, whatever the padding", () => {
  const sorted = ["ses-M120", "ses-M06", "ses-10", "ses-M012", "ses-M000", "ses-2", "ses-pre"]
    .sort(compareSessions);
  assertEquals(sorted, [
    "ses-M000",
    "ses-M06",
    "ses-M012",
    "ses-M120",
    "ses-2",
    "ses-10",
    "ses-pre",
  ]);
});

Deno.test("the order of names is total and transitive", () => {
  const names = [
    "ses-M6",
    "ses-M06",
    "ses-M12",
    "ses-M24b",
    "ses-1",
    "ses-a2b10",
    "ses-pre",
    "ses-",
  ];
  for (const a of names) {
    for (const b of names) {
      assertEquals(Math.sign(compareSessions(a, b)), -Math.sign(compareSessions(b, a)) + 0);
      for (const c of names) {
        if (compareSessions(a, b) <= 0 && compareSessions(b, c) <= 0) {
          assert(compareSessions(a, c) <= 0, `${a} ${b} ${c}`);
        }
      }
    }
  }
});

Deno.test("visits are ordered by names of one pattern, then acq_time, then age, in any row order", () => {
  const orders: [Visit[], string[] | undefined][] = [
    [[{ session: "ses-06mo" }, { session: "ses-12mo" }], ["ses-06mo", "ses-12mo"]],
    [[{ session: "ses-2" }, { session: "ses-10" }], ["ses-2", "ses-10"]],
    [[{ session: "ses-06mo" }, { session: "ses-baseline" }], undefined],
    [[{ session: "ses-pre", age: "70.0" }, { session: "ses-post", age: "70.5" }], [
      "ses-pre",
      "ses-post",
    ]],
    [[{ session: "ses-pre", age: "70" }, { session: "ses-post", age: "70" }], undefined],
    [[
      { session: "ses-post", acquired: "2020-02-01T08:00:00", age: "70" },
      { session: "ses-pre", acquired: "2019-12-01T08:00:00", age: "71" },
    ], ["ses-pre", "ses-post"]],
    [[{ session: "ses-only" }], ["ses-only"]],
  ];
  const random = new Random(1, "visits");
  for (const [visits, expected] of orders) {
    for (let i = 0; i < 4; i++) {
      const { ordered, known } = orderVisits(random.shuffle([...visits]), (visit) => visit);
      assertEquals(known, expected !== undefined);
      if (expected) assertEquals(ordered.map(({ session }) => session), expected);
    }
  }
});
