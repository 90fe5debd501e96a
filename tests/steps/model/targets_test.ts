import { assertEquals, assertThrows } from "@std/assert";
import type { Session } from "../../../src/artifacts/images.ts";
import { DataError } from "../../../src/errors.ts";
import {
  encodeLabels,
  numericTargets,
  resolveLabelCode,
} from "../../../src/steps/model/targets.ts";

const sessions = (...labels: (string | null)[]): Session[] =>
  labels.map((diagnosis, i) => ({
    participant: `sub-${i}`,
    session: "ses-M000",
    row: { diagnosis },
  }));
const strict = { everyClass: false, missing: "refuse" } as const;

Deno.test("labels that are called as a method of objects are labels like others", () => {
  const rows = sessions("toString", "constructor", "toString");
  const code = resolveLabelCode(rows, "diagnosis", undefined, "a table");
  assertEquals(code, { constructor: 0, toString: 1 } as Record<string, unknown>);
  assertEquals([...encodeLabels(rows, "diagnosis", code, "a table", strict)], [1, 0, 1]);
  assertThrows(
    () => encodeLabels(rows, "diagnosis", { AD: 0, CN: 1 }, "a table", strict),
    DataError,
    'its diagnosis "toString" is none of those trained on (AD, CN)',
  );
  assertThrows(
    () => resolveLabelCode(rows, "diagnosis", { AD: 0, CN: 1 }, "a table"),
    DataError,
    "no node for diagnosis constructor, toString",
  );
  assertThrows(
    () => encodeLabels(rows, "toString", code, "a table", strict),
    DataError,
    'no column "toString"',
  );
});

Deno.test("a missing label is refused by a training and unknown to a prediction", () => {
  const rows = sessions("AD", null);
  const code = { AD: 0, CN: 1 };
  assertThrows(
    () => encodeLabels(rows, "diagnosis", code, "a table", strict),
    DataError,
    "sub-1 ses-M000: its diagnosis is missing",
  );
  const missing = { everyClass: false, missing: "nan" } as const;
  assertEquals([...encodeLabels(rows, "diagnosis", code, "a table", missing)], [0, NaN]);
  const ages = sessions("70.5", null);
  assertEquals([...numericTargets(ages, "diagnosis", "a table", "nan")], [70.5, NaN]);
  assertThrows(() => numericTargets(ages, "diagnosis", "a table"), DataError, "is missing");
});
