import { assertEquals } from "@std/assert";
import { renderIssues } from "../../src/workflow/render_issues.ts";

const at = (excerpt: string, column: number, length = 1) => ({
  message: "wrong",
  location: { file: "/p/a.toml", line: 7, column, length, excerpt },
});

Deno.test("an issue shows place, excerpt, caret, message and suggestion", () => {
  const issue = {
    message: 'unknown parameter "n_tests" of split.holdout',
    location: {
      file: "/p/workflows/adni.toml",
      line: 14,
      column: 1,
      length: 7,
      excerpt: "n_tests = 0.2",
    },
    suggestion: 'did you mean "n_test"?',
  };
  assertEquals(
    renderIssues([issue], "/p"),
    `workflows/adni.toml:14:1
14 | n_tests = 0.2
   | ^^^^^^^
unknown parameter "n_tests" of split.holdout; did you mean "n_test"?`,
  );
});

Deno.test("issues are separated; an issue without a place is its message", () => {
  const issue = { message: "--set x: no" };
  assertEquals(
    renderIssues([issue, at("x = 1", 5)]),
    `--set x: no

/p/a.toml:7:5
7 | x = 1
  |     ^
wrong`,
  );
});

Deno.test("the caret is below its text after tabs and characters of two code units", () => {
  assertEquals(renderIssues([at("\tx = '𝔘' # b", 6, 4)], "/p").split("\n").slice(1, 3), [
    "7 | \tx = '𝔘' # b",
    "  | \t    ^^^",
  ]);
});

Deno.test("a long line is cut around the problem", () => {
  const [, text, caret] = renderIssues([at(`${"a".repeat(300)}FAULT${"b".repeat(300)}`, 301, 5)])
    .split("\n");
  assertEquals(text.length < 140, true);
  assertEquals(text.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1), "FAULT");
});

Deno.test("control characters of the excerpt don't reach the terminal", () => {
  assertEquals(renderIssues([at("x = \u001b[31m", 1)]).includes("\u001b"), false);
});
