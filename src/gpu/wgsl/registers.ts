/** Makes variables of the arrays that a shader marks with `// registers`. */
import { evaluate } from "./constant_expression.ts";
import {
  is,
  isGroup,
  isMember,
  isWord,
  lineOf,
  parse,
  print,
  split,
  syntaxError,
  type Token,
  type Tree,
} from "./tokens.ts";

/**
 * Makes the lower text of the upper one:
 * ```wgsl
 * // registers
 * var sum: array<vec4f, 2>;
 * sum[0u] = sum[1u];
 *
 * var sum_0: vec4f;
 * var sum_1: vec4f;
 * sum_0 = sum_1;
 * ```
 *
 * @param arrays extents of the arrays marked in the scopes around, by name
 */
export function splitRegisters(
  name: string,
  trees: readonly Tree[],
  values: ReadonlyMap<string, number>,
  arrays: ReadonlyMap<string, readonly number[]> = new Map(),
): Tree[] {
  const scope = new Map(arrays);
  const named: Tree[] = [];
  for (let at = 0; at < trees.length; at++) {
    const tree = trees[at];
    const extents = isWord(tree) && !isMember(trees, at) ? scope.get(tree.text) : undefined;
    if (isGroup(tree)) {
      named.push({ ...tree, trees: splitRegisters(name, tree.trees, values, scope) });
    } else if (extents !== undefined && isGroup(trees[at + 1], "[")) {
      named.push(elementName(name, trees.slice(at, at + 1 + extents.length), extents, values));
      at += extents.length;
    } else if (is(tree, "// registers")) {
      const [declaration] = split(trees.slice(at), ";");
      const { variable, extents, variables } = readArray(name, declaration, values);
      scope.set(variable, extents);
      named.push(...variables);
      at += declaration.length;
    } else {
      named.push(tree);
    }
  }
  return named;
}

/** `sum_1_0` for `sum[1u][0u]`. */
function elementName(
  name: string,
  [word, ...groups]: readonly Tree[],
  extents: readonly number[],
  values: ReadonlyMap<string, number>,
): Token {
  const array = word as Token;
  const index = extents.map((extent, axis) => {
    const group = groups[axis];
    const value = isGroup(group, "[") ? evaluate(group.trees, values) : undefined;
    if (value === undefined || value < 0 || value >= extent) {
      const index = isGroup(group) ? print(group.trees) : "";
      throw syntaxError(
        name,
        array.line,
        `index ${index} into registers ${array.text} is not a constant below ${extent}`,
      );
    }
    return value;
  });
  return { ...array, text: `${array.text}_${index.join("_")}` };
}

/** The array declared behind a directive, and one variable for each of its elements. */
function readArray(
  name: string,
  declaration: readonly Tree[],
  values: ReadonlyMap<string, number>,
): { variable: string; extents: number[]; variables: Tree[] } {
  const [directive, word, variable, colon, ...type] = declaration;
  const { element, extents } = arrayType(name, type, values);
  if (!isWord(word, "var") || !isWord(variable) || !is(colon, ":") || extents.length === 0) {
    throw syntaxError(name, lineOf(directive), `"// registers" is for "var NAME: array<...>;"`);
  }
  const variables = extents
    .reduce(
      (names, extent) =>
        names.flatMap((array) => Array.from({ length: extent }, (_, i) => `${array}_${i}`)),
      [variable.text],
    )
    .map((variable) => `\nvar ${variable}: ${print(element).trim()};`);
  return { variable: variable.text, extents, variables: parse(name, variables.join("")) };
}

/** The type of an element, and the extents of `array<array<f32, 4>, 2>`: 2, 4. */
function arrayType(
  name: string,
  type: readonly Tree[],
  values: ReadonlyMap<string, number>,
): { element: readonly Tree[]; extents: number[] } {
  const [word, list, ...rest] = type;
  if (!isWord(word, "array") || !isGroup(list, "<") || rest.length > 0) {
    return { element: type, extents: [] };
  }
  const [inner, extent = []] = split(list.trees, ",");
  const count = evaluate(extent, values);
  if (count === undefined) {
    throw syntaxError(name, word.line, `${print(type).trim()} has no constant extent`);
  }
  const { element, extents } = arrayType(name, inner, values);
  return { element, extents: [count, ...extents] };
}
