import { assertEquals } from "@std/assert";
import { didYouMean, editDistance, nearest } from "../../src/workflow/suggest.ts";

Deno.test("a name is found by its parts, each with its own typing mistakes", () => {
  const names = ["n_subjects", "n_sessions", "train.classification", "train.regression", "a.x"];
  assertEquals(didYouMean("subjcts", names), 'did you mean "n_subjects"?');
  assertEquals(
    didYouMean("train", names),
    'did you mean "train.classification" or "train.regression"?',
  );
  assertEquals(didYouMean("clasification", names), 'did you mean "train.classification"?');
  assertEquals(didYouMean("session_n", names), 'did you mean "n_sessions"?');
  assertEquals(didYouMean("a", [...names, ...names, ...names]), undefined);
  assertEquals(nearest("runz", ["run", "runs"]), "runs");
});

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
