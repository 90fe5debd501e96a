/** Integer arithmetic of constant WGSL expressions. */
import { isGroup, isWord, type Tree } from "./tokens.ts";

/**
 * Value of an expression of whole numbers, names in `values`, `+ - * / %`, one comparison (1 or 0),
 * brackets and `u32(...)`, `i32(...)`; undefined when it is anything else.
 */
export function evaluate(
  expression: readonly Tree[],
  values: ReadonlyMap<string, number>,
): number | undefined {
  const reader = new Reader(expression, values);
  const value = reader.comparison();
  return reader.isAtEnd && Number.isInteger(value) ? value : undefined;
}

/** Reads an expression from the left; a value that is not constant is NaN. */
class Reader {
  #at = 0;

  constructor(
    readonly expression: readonly Tree[],
    readonly values: ReadonlyMap<string, number>,
  ) {}

  get isAtEnd(): boolean {
    return this.#at === this.expression.length;
  }

  get #operator(): string {
    const tree = this.expression[this.#at];
    return tree?.kind === "operator" ? tree.text : "";
  }

  comparison(): number {
    const left = this.#sum();
    const holds = comparisons[this.#operator];
    if (holds === undefined) return left;
    this.#at++;
    const right = this.#sum();
    return Number.isNaN(left + right) ? NaN : Number(holds(left, right));
  }

  #sum(): number {
    let value = this.#product();
    for (let sign = this.#operator; sign === "+" || sign === "-"; sign = this.#operator) {
      this.#at++;
      value += sign === "+" ? this.#product() : -this.#product();
    }
    return value;
  }

  #product(): number {
    let value = this.#primary();
    for (let sign = this.#operator; sign !== "" && "*/%".includes(sign); sign = this.#operator) {
      this.#at++;
      const right = this.#primary();
      if (sign === "*") value *= right;
      else value = sign === "/" ? Math.trunc(value / right) : value % right;
    }
    return value;
  }

  #primary(): number {
    const tree = this.expression[this.#at++];
    if (tree === undefined) return NaN;
    if (isGroup(tree)) return tree.kind === "(" ? evaluate(tree.trees, this.values) ?? NaN : NaN;
    if (tree.kind === "number") return /^\d+[iu]?$/.test(tree.text) ? parseInt(tree.text) : NaN;
    if (tree.text === "-") return -this.#primary();
    const isConversion = isWord(tree, "u32") || isWord(tree, "i32");
    if (isConversion && isGroup(this.expression[this.#at], "(")) return this.#primary();
    return this.values.get(tree.text) ?? NaN;
  }
}

const comparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  "<": (left, right) => left < right,
  ">": (left, right) => left > right,
  "<=": (left, right) => left <= right,
  ">=": (left, right) => left >= right,
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
};
