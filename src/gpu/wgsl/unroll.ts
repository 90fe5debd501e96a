/** Writes out the loops that a shader marks with `// unroll`. */
import { evaluate } from "./constant_expression.ts";
import {
  type Group,
  is,
  isGroup,
  isMember,
  isWord,
  lineOf,
  print,
  split,
  syntaxError,
  type Token,
  type Tree,
} from "./tokens.ts";

/**
 * Makes the lower text of the upper one, with `N` 2:
 * ```wgsl
 * // unroll
 * for (var i = 0u; i < N; i++) { sum += a[i]; }
 *
 * { sum += a[0u]; }
 * { sum += a[1u]; }
 * ```
 * Bounds of a loop inside may use the variables of those around it.
 *
 * @param values of constants and of the variables of unrolled loops
 * @param literals what the variables of unrolled loops become
 */
export function unroll(
  name: string,
  trees: readonly Tree[],
  values: ReadonlyMap<string, number>,
  literals: ReadonlyMap<string, string> = new Map(),
): Tree[] {
  const unrolled: Tree[] = [];
  for (let at = 0; at < trees.length; at++) {
    const tree = trees[at];
    if (isGroup(tree)) {
      unrolled.push({ ...tree, trees: unroll(name, tree.trees, values, literals) });
      continue;
    }
    if (isWord(tree)) {
      const literal = isMember(trees, at) ? undefined : literals.get(tree.text);
      unrolled.push(literal === undefined ? tree : { ...tree, kind: "number", text: literal });
      continue;
    }
    if (!is(tree, "// unroll")) {
      unrolled.push(tree);
      continue;
    }
    const [word, header, body] = trees.slice(at + 1, at + 4);
    if (!isWord(word, "for") || !isGroup(header, "(") || !isGroup(body, "{")) {
      throw syntaxError(name, lineOf(tree), `"// unroll" is for a loop "for (...) { ... }"`);
    }
    const { variable, suffix, iterations } = readLoop(name, header, values, literals);
    for (const value of iterations) {
      const inner = unroll(
        name,
        body.trees,
        new Map(values).set(variable, value),
        new Map(literals).set(variable, `${value}${suffix}`),
      );
      unrolled.push({ ...body, open: { ...body.open, before: "\n" }, trees: inner });
    }
    at += 3;
  }
  return unrolled;
}

/** The variable of a loop, its value in each iteration and the suffix of its literals. */
function readLoop(
  name: string,
  header: Group,
  values: ReadonlyMap<string, number>,
  literals: ReadonlyMap<string, string>,
): { variable: string; suffix: string; iterations: number[] } {
  const [[word, variable, equals, ...start], condition = [], step = []] = split(header.trees, ";");
  const fail = () =>
    syntaxError(
      name,
      header.open.line,
      `bounds of the unrolled loop are not constant: for ${print([header]).trim()}`,
    );
  if (!isWord(word, "var") || !isWord(variable) || !is(equals, "=")) throw fail();
  const first = evaluate(start, values);
  const stride = strideOf(step, variable, values);
  if (first === undefined || stride === undefined || stride <= 0) throw fail();
  const suffix = /[iu](?=\)?$)/.exec(print(unroll(name, start, values, literals)))?.[0] ?? "";
  const iterations: number[] = [];
  for (let value = first;; value += stride) {
    const holds = evaluate(condition, new Map(values).set(variable.text, value));
    if (holds === undefined) throw fail();
    if (holds === 0) return { variable: variable.text, suffix, iterations };
    iterations.push(value);
  }
}

/** Step of `i++` or `i += step`. */
function strideOf(
  step: readonly Tree[],
  variable: Token,
  values: ReadonlyMap<string, number>,
): number | undefined {
  if (!isWord(step[0], variable.text)) return undefined;
  if (is(step[1], "++") && step.length === 2) return 1;
  return is(step[1], "+=") ? evaluate(step.slice(2), values) : undefined;
}
