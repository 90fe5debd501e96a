import { assertEquals, assertMatch } from "@std/assert";
import { costText, fullDiskText } from "../../src/cli/cost.ts";

const known = { seconds: 0, diskBytes: 0, publishedBytes: 0 };

Deno.test("a sum of everything is about so much, one that lacks something at least so much", () => {
  const cost = { seconds: 130, diskBytes: 3 * 2 ** 20 };
  assertEquals(costText({ ...cost, withoutEstimate: known }, 9), "about 2:10, 3.00 MiB of disk");
  assertEquals(
    costText({ ...cost, withoutEstimate: { ...known, seconds: 8, diskBytes: 1 } }, 9),
    "at least 2:10 (8 of 9 instances have no estimate), " +
      "3.00 MiB of disk (1 of 9 instances has no estimate)",
  );
  assertEquals(
    costText({ ...cost, publishedBytes: 2 ** 30, withoutEstimate: { ...known, diskBytes: 2 } }, 2),
    "about 2:10, at least 3.00 MiB of disk (2 of 2 instances have no estimate), " +
      "about 1.00 GiB to publish",
  );
  assertEquals(costText({ withoutEstimate: { ...known, seconds: 4, diskBytes: 4 } }, 4), "");
});

Deno.test("a disk that is too small is named with what is free and what is needed", () => {
  assertMatch(
    fullDiskText({ folder: "/data/cache", needed: 2 ** 37, free: 2 ** 35 }),
    /^the disk of \S+ has 32\.0 GiB free, less than the 128 GiB that this run needs$/,
  );
});
