import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { resolveClassWeights } from "../../../src/steps/train/class_weights.ts";

const code = { AD: 0, CN: 1, MCI: 0 };

Deno.test("balanced weights are the inverse frequencies, with a mean of 1 over the samples", () => {
  assertEquals(resolveClassWeights("balanced", code, [0, 1, 1, 1]), [2, 2 / 3]);
  assertEquals(resolveClassWeights(undefined, code, [0, 1]), undefined);
});

Deno.test("a table of weights names each label once, alike for labels of one node", () => {
  assertEquals(resolveClassWeights({ AD: 3, CN: 1, MCI: 3 }, code, []), [3, 1]);
  const refused = (table: Record<string, number>, message: string) =>
    assertThrows(() => resolveClassWeights(table, code, []), DataError, message);
  refused({ AD: 3, CN: 1 }, "has no weight for MCI");
  refused({ AD: 3, CN: 1, MCI: 2 }, "gives labels of node 0 the weights 3 and 2");
  refused({ AD: 3, CN: 1, MCI: 3, FTD: 1 }, "names FTD");
});
