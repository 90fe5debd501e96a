/**
 * Makes from a readable WGSL file the text that naga and the drivers want: constants baked in, marked
 * loops unrolled, marked arrays turned into named variables.
 *
 * A shader file stays valid WGSL that runs as it is. Three things in it steer the specialiser:
 * - a module constant (`const TILE = 16u;`) whose value a caller may replace;
 * - `if (NAME) { } else { }` or `if (!NAME) { }` on a boolean constant: one branch stays, so a binding
 *   that only the other one used leaves the pipeline's layout;
 * - `// unroll` on the line before a `for` loop with constant bounds;
 * - `// registers` on the line before a function-scope array: after unrolling, every index into it
 *   must be constant, and each element becomes a variable of its own;
 * - `// texels` on the line before a storage buffer of `vec4f`: where a device reads texels faster,
 *   reads of it become reads of a texture. Of a `read_write` buffer they then give what stood there
 *   before the dispatch, and `b[i] += v` has to be written out.
 */

import { DeviceError } from "../errors.ts";
import { rowBits } from "./texels.ts";

/** Values for module constants, by name. Numbers keep the literal suffix of the file's value. */
export type Constants = Readonly<Record<string, number | boolean>>;

/**
 * Specialises `source`. `name` is used in errors only.
 * @throws DeviceError when a constant is not declared, a loop's bounds are not constant, or an index
 * into registers is not constant.
 */
export function specialise(
  name: string,
  source: string,
  constants: Constants = {},
  texels = false,
): string {
  const baked = prune(bakeConstants(name, source, constants));
  const read = texels ? readTexels(name, baked) : baked;
  const values = integerConstants(read);
  return registers(name, unroll(name, read, values), values);
}

/** The buffer whose content the texture binding `binding` holds. */
export function texelsOf(binding: string): string {
  return binding.replace(/_texels$/, "");
}

const TEXELS =
  /^[ \t]*\/\/ texels[ \t]*\n([ \t]*@group\(0\) @binding\()(\d+)(\) var)<storage, (read|read_write)> (\w+): array<vec4f>;/m;

/** Bindings of textures that stand for buffers which are also written: behind all others. */
const TEXELS_AT = 32;

function readTexels(name: string, source: string): string {
  const found = TEXELS.exec(source);
  if (found === null) return source;
  const [declaration, head, number, tail, access, buffer] = found;
  const written = access === "read_write";
  const texture = written ? `${buffer}_texels` : buffer;
  const place = written ? Number(number) + TEXELS_AT : number;
  const at = `vec2u(at & ${2 ** rowBits - 1}u, (at >> ${rowBits}u) + 1u)`;
  const declared = `${written ? declaration.slice(declaration.indexOf("\n") + 1) : ""}
${head}${place}${tail} ${texture}: texture_storage_2d<rgba32float, read>;
fn read_${buffer}(at: u32) -> vec4f { return textureLoad(${texture}, ${at}); }`;
  const text = source.slice(0, found.index) + declared +
    readCalls(name, buffer, source.slice(found.index + declaration.length));
  return readTexels(name, text);
}

/** Turns `buffer[i]` into `read_buffer(i)` where it is not assigned to. */
function readCalls(name: string, buffer: string, source: string): string {
  const use = new RegExp(`(?<![.\\w])${buffer}\\[`);
  const found = use.exec(source);
  if (found === null) return source;
  const open = found.index + found[0].length;
  const end = closing(source, open);
  const index = readCalls(name, buffer, source.slice(open, end));
  const rest = source.slice(end + 1);
  if (/^\s*[-+*/]=/.test(rest)) {
    throw new DeviceError(
      `kernel ${name}: ${buffer}[${index}] is read and written in one statement`,
    );
  }
  const written = /^\s*=(?!=)/.test(rest);
  return source.slice(0, found.index) +
    (written ? `${buffer}[${index}]` : `read_${buffer}(${index})`) + readCalls(name, buffer, rest);
}

/** Integer value of a constant WGSL expression over `values`, or undefined when it is not one. */
export function evaluate(
  expression: string,
  values: ReadonlyMap<string, number>,
): number | undefined {
  const tokens = expression.match(/[A-Za-z_]\w*|\d+[iu]?|<=|>=|==|!=|[-+*/%()<>]|\S/g) ?? [];
  let at = 0;
  const primary = (): number => {
    const token = tokens[at++];
    if (token === "(") {
      const value = comparison();
      if (tokens[at++] !== ")") return NaN;
      return value;
    }
    if (token === "-") return -primary();
    if (token === undefined) return NaN;
    if (/^\d+[iu]?$/.test(token)) return parseInt(token);
    if ((token === "u32" || token === "i32") && tokens[at] === "(") return primary();
    return values.get(token) ?? NaN;
  };
  const product = (): number => {
    let value = primary();
    while (tokens[at] === "*" || tokens[at] === "/" || tokens[at] === "%") {
      const operator = tokens[at++], right = primary();
      value = operator === "*"
        ? value * right
        : operator === "/"
        ? Math.trunc(value / right)
        : value % right;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") {
      value = tokens[at++] === "+" ? value + product() : value - product();
    }
    return value;
  };
  const comparison = (): number => {
    const left = sum(), operator = tokens[at];
    if (operator === undefined || !/^([<>]|<=|>=|==|!=)$/.test(operator)) return left;
    at++;
    const right = sum();
    if (Number.isNaN(left) || Number.isNaN(right)) return NaN;
    const holds = operator === "<"
      ? left < right
      : operator === ">"
      ? left > right
      : operator === "<="
      ? left <= right
      : operator === ">="
      ? left >= right
      : (left === right) === (operator === "==");
    return Number(holds);
  };
  const value = comparison();
  return at === tokens.length && Number.isInteger(value) ? value : undefined;
}

function bakeConstants(name: string, source: string, constants: Constants): string {
  let text = source;
  for (const [key, value] of Object.entries(constants)) {
    const declaration = new RegExp(`^const ${key}\\b(\\s*:\\s*\\w+)?\\s*=\\s*([^;]+);`, "m");
    const found = declaration.exec(text);
    if (found === null) throw new DeviceError(`kernel ${name} declares no constant ${key}`);
    const suffix = typeof value === "number" ? /^\d+([iu])$/.exec(found[2])?.[1] ?? "" : "";
    text = text.replace(declaration, `const ${key}${found[1] ?? ""} = ${value}${suffix};`);
  }
  return text;
}

function integerConstants(source: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const [, key, expression] of source.matchAll(/^const (\w+)\b[^=;]*=\s*([^;]+);/gm)) {
    const value = evaluate(expression, values);
    if (value !== undefined) values.set(key, value);
  }
  return values;
}

function prune(source: string): string {
  const flags = new Map<string, boolean>();
  for (const [, key, value] of source.matchAll(/^const (\w+)\b[^=;]*=\s*(true|false)\s*;/gm)) {
    flags.set(key, value === "true");
  }
  const test = /\bif \((!?)([A-Z][A-Z0-9_]*)\) \{/g;
  let text = source;
  for (let match = test.exec(text); match !== null; match = test.exec(text)) {
    const value = flags.get(match[2]);
    if (value === undefined) continue;
    const open = match.index + match[0].length;
    let end = closing(text, open) + 1;
    const kept = text.slice(open - 1, end);
    let otherwise = "";
    const alternative = /^\s*else\s*(?=\{|if\b)/.exec(text.slice(end));
    if (alternative !== null) {
      const start = end + alternative[0].length;
      end = endOfBranch(text, start);
      otherwise = text.slice(start, end);
    }
    const result = value !== (match[1] === "!") ? kept : otherwise;
    text = text.slice(0, match.index) + result + text.slice(end);
    test.lastIndex = match.index;
  }
  return text;
}

/** End of a block, or of a chain `if ... else ...`, that starts at `start`. */
function endOfBranch(source: string, start: number): number {
  const end = closing(source, source.indexOf("{", start) + 1) + 1;
  if (source[start] === "{") return end;
  const next = /^\s*else\s*(?=\{|if\b)/.exec(source.slice(end));
  return next === null ? end : endOfBranch(source, end + next[0].length);
}

const UNROLL =
  /^[ \t]*\/\/ unroll[ \t]*\n[ \t]*for \(var (\w+) = ([^;]+); *([^;]+); *([^)]+)\) *\{/m;

/** Writes out the marked loops of `source`, also those inside of one that is written out. */
function unroll(name: string, source: string, values: ReadonlyMap<string, number>): string {
  let text = "";
  let rest = source;
  for (let found = UNROLL.exec(rest); found !== null; found = UNROLL.exec(rest)) {
    const [header, variable, start, condition, step] = found;
    const bodyAt = found.index + header.length;
    const end = closing(rest, bodyAt);
    const body = rest.slice(bodyAt, end);
    const stride = step.trim() === `${variable}++`
      ? 1
      : evaluate(new RegExp(`^${variable} \\+= (.+)$`).exec(step.trim())?.[1] ?? "", values);
    let value = evaluate(start, values);
    const suffix = /u\)?$/.test(start.trim()) ? "u" : /i\)?$/.test(start.trim()) ? "i" : "";
    const use = new RegExp(`(?<![.\\w])${variable}\\b`, "g");
    const copies: string[] = [];
    while (true) {
      const scope = new Map(values).set(variable, value ?? NaN);
      const holds = evaluate(condition, scope);
      if (value === undefined || stride === undefined || stride <= 0 || holds === undefined) {
        throw new DeviceError(
          `kernel ${name}: bounds of the unrolled loop are not constant: ${header}`,
        );
      }
      if (holds === 0) break;
      copies.push(`{${unroll(name, body.replace(use, `${value}${suffix}`), values)}}`);
      value += stride;
    }
    text += rest.slice(0, found.index) + copies.join("\n");
    rest = rest.slice(end + 1);
  }
  return text + rest;
}

const REGISTERS = /^[ \t]*\/\/ registers[ \t]*\n([ \t]*)var (\w+): (array<.+>);/m;

function registers(name: string, source: string, values: ReadonlyMap<string, number>): string {
  const found = REGISTERS.exec(source);
  if (found === null) return source;
  const [declaration, indent, variable, type] = found;
  const { element, extents } = arrayType(name, type, values);
  const count = extents.reduce((product, extent) => product * extent, 1);
  const names = Array.from({ length: count }, (_, i) => {
    const index = extents.map((_, axis) => {
      const inner = extents.slice(axis + 1).reduce((product, extent) => product * extent, 1);
      return Math.floor(i / inner) % extents[axis];
    });
    return `${indent}var ${variable}_${index.join("_")}: ${element};`;
  });
  const before = source.slice(0, found.index);
  const scopeEnd = closing(source, found.index + declaration.length);
  let rest = source.slice(found.index + declaration.length, scopeEnd);
  const out: string[] = [];
  const use = new RegExp(`(?<![.\\w])${variable}\\[`);
  for (let match = use.exec(rest); match !== null; match = use.exec(rest)) {
    out.push(rest.slice(0, match.index));
    let at = match.index + match[0].length;
    const index: number[] = [];
    for (let axis = 0; axis < extents.length; axis++) {
      const end = closing(rest, at);
      const value = evaluate(rest.slice(at, end), values);
      if (value === undefined || value < 0 || value >= extents[axis]) {
        throw new DeviceError(
          `kernel ${name}: index ${rest.slice(at, end)} into registers ${variable} is not a ` +
            `constant below ${extents[axis]}`,
        );
      }
      index.push(value);
      at = axis + 1 < extents.length ? end + 2 : end + 1;
    }
    out.push(`${variable}_${index.join("_")}`);
    rest = rest.slice(at);
  }
  const scope = names.join("\n") + out.join("") + rest;
  return registers(name, before + scope + source.slice(scopeEnd), values);
}

function arrayType(
  name: string,
  type: string,
  values: ReadonlyMap<string, number>,
): { element: string; extents: number[] } {
  const extents: number[] = [];
  let element = type;
  for (let match; (match = /^array<(.+),\s*([^,<>]+)>$/.exec(element)) !== null;) {
    const extent = evaluate(match[2], values);
    if (extent === undefined) {
      throw new DeviceError(`kernel ${name}: ${type} has no constant extent`);
    }
    extents.push(extent);
    element = match[1];
  }
  return { element, extents };
}

/** Position of the bracket that closes the one before `from`. */
function closing(source: string, from: number): number {
  let depth = 1;
  for (let at = from; at < source.length; at++) {
    const char = source[at];
    if (char === "{" || char === "[" || char === "(") depth++;
    else if (char === "}" || char === "]" || char === ")") depth--;
    if (depth === 0) return at;
  }
  return source.length;
}
