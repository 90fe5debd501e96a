import { assertEquals } from "@std/assert";
import { didYouMean, editDistance, nearest } from "../../src/workflow/suggest.ts";

Deno.test("the edit distance counts a swap of neighbours once", () => {
  assertEquals(editDistance("trian", "train"), 1);
  assertEquals(editDistance("kitten", "sitting"), 3);
  assertEquals(editDistance("", "abc"), 3);
  assertEquals(nearest("lables", ["labels", "tables"]), "labels");
  assertEquals(nearest("xyz", ["labels"]), undefined);
  assertEquals(didYouMean("lables", ["labels"]), 'did you mean "labels"?');
  assertEquals(didYouMean("x", ["a", "b"]), "known: a, b");
  assertEquals(didYouMean("x", []), undefined);
});
