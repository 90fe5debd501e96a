/** The layout of shaders, which `deno fmt` does not know. */
import { assertEquals } from "@std/assert";
import { shaders } from "./shaders.ts";

const width = 100;

/**
 * Lines that are laid out otherwise than by the rules: at most 100 characters, no tabs, no blanks at
 * the end, a newline at the end of the file, and indentation by two blanks for an open bracket, two
 * more for the rest of a statement that goes on from the line above.
 */
function findProblems(source: string): string[] {
  const problems: string[] = [];
  /** Open brackets and the indentation of their lines. */
  const open: { indent: number; char: string }[] = [];
  let isContinued = false;
  for (const [i, line] of source.split("\n").entries()) {
    const report = (problem: string) => problems.push(`${i + 1}: ${problem}`);
    if (line.length > width) report(`${line.length} characters`);
    if (line.includes("\t")) report("tab");
    if (/\s$/.test(line)) report("blanks at the end");
    const code = line.replace(/\/\/.*/, "").trim();
    let left = open.length;
    for (const char of code) {
      if (!")]}".includes(char)) break;
      left--;
    }
    const bracket = open[left - 1];
    const extra = isContinued && (bracket === undefined || bracket.char === "{") ? 2 : 0;
    const indent = left < open.length
      ? open[left]?.indent ?? 0
      : (bracket ? bracket.indent + 2 : 0) + extra;
    const found = line.length - line.trimStart().length;
    if (line.trim() !== "" && found !== indent) report(`indented by ${found}, not ${indent}`);
    // A bracket behind one that closes belongs to the line on which that one was opened.
    let base = found;
    for (const char of code) {
      if (/[([{]/.test(char)) open.push({ indent: base, char });
      else if (/[)\]}]/.test(char)) base = open.pop()?.indent ?? base;
    }
    if (code !== "") isContinued = !/[;,{}([]$/.test(code) && !code.startsWith("@");
  }
  if (!source.endsWith("\n") || source.endsWith("\n\n")) {
    problems.push("not one newline at the end");
  }
  return problems;
}

Deno.test("shaders are laid out by the rules", () => {
  const problems = [...shaders()]
    .flatMap(([path, source]) => findProblems(source).map((problem) => `${path}:${problem}`));
  assertEquals(problems, []);
});

Deno.test("the rules of layout find what breaks them", () => {
  const good = `// A comment.
@compute @workgroup_size(16)
fn main(
  @builtin(local_invocation_index) lane: u32,
) {
  let a = vec4f(
    1.0, // one (
    2.0,
  );
  let b = first +
    second;
  // registers
  var c: array<f32, 4>;
  if (a.x > 0.0 &&
    b > 0.0 &&
    c[0] > 0.0) {
    y[index] =
      vec4f(
        a,
      );
  } else {
    y[f(
      0u,
    )] = b;
  }
}
`;
  assertEquals(findProblems(good), []);
  const refused = (from: string, to: string, ...problems: string[]) =>
    assertEquals(findProblems(good.replace(from, to)), problems);
  refused("    second;", "  second;", "11: indented by 2, not 4");
  refused("    1.0,", "      1.0,", "7: indented by 6, not 4");
  refused("  );", "    );", "9: indented by 4, not 2");
  refused("    b > 0.0", "  \tb > 0.0", "15: tab", "15: indented by 3, not 4");
  refused("lane: u32,", "lane: u32, ", "4: blanks at the end");
  refused("// A comment.", `// ${"a".repeat(98)}`, "1: 101 characters");
  refused("  }\n}\n", "  }\n}", "not one newline at the end");
  refused("  }\n}\n", "  }\n}\n\n", "not one newline at the end");
});
