/** Turns reads of the buffers that a shader marks with `// texels` into reads of textures. */
import { rowBits } from "../texels.ts";
import { readBinding, splitDeclarations } from "./declarations.ts";
import {
  inside,
  is,
  isGroup,
  isMember,
  isWord,
  parse,
  print,
  syntaxError,
  type Tree,
} from "./tokens.ts";

/** The buffer whose content the texture binding `binding` holds. */
export function texelsOf(binding: string): string {
  return binding.replace(/_texels$/, "");
}

/** Bindings of textures that stand for buffers which are also written: behind all others. */
const TEXELS_AT = 32;

/**
 * Makes the lower text of the upper one:
 * ```wgsl
 * // texels
 * @group(0) @binding(0) var<storage, read> x: array<vec4f>;
 * fn f(i: u32) { y[i] = x[i + 1u]; }
 *
 * @group(0) @binding(0) var x: texture_storage_2d<rgba32float, read>;
 * fn read_x(at: u32) -> vec4f { return textureLoad(x, ...); }
 * fn f(i: u32) { y[i] = read_x(i + 1u); }
 * ```
 * A buffer that is also written stays, and a texture `x_texels` joins it.
 */
export function readTexels(name: string, module: readonly Tree[]): Tree[] {
  const buffers = new Set<string>();
  const declared = splitDeclarations(module).flatMap((declaration): readonly Tree[] => {
    const [directive, ...trees] = declaration.trees;
    if (!is(directive, "// texels")) return declaration.trees;
    const buffer = readBinding(declaration);
    if (buffer?.type !== "array<vec4f>" || buffer.group !== 0) {
      throw syntaxError(name, directive.line, `"// texels" is for an array<vec4f> of group 0`);
    }
    buffers.add(buffer.name);
    const isWritten = buffer.access === "read_write";
    const texture = isWritten ? `${buffer.name}_texels` : buffer.name;
    const binding = isWritten ? buffer.binding + TEXELS_AT : buffer.binding;
    const at = `vec2u(at & ${2 ** rowBits - 1}u, (at >> ${rowBits}u) + 1u)`;
    return [
      ...(isWritten ? trees : []),
      ...parse(
        name,
        `
@group(0) @binding(${binding}) var ${texture}: texture_storage_2d<rgba32float, read>;
fn read_${buffer.name}(at: u32) -> vec4f { return textureLoad(${texture}, ${at}); }`,
      ),
    ];
  });
  return buffers.size === 0 ? [...module] : callReads(name, declared, buffers);
}

/** Turns `buffer[i]` into `read_buffer(i)` where it is not assigned to. */
function callReads(name: string, trees: readonly Tree[], buffers: ReadonlySet<string>): Tree[] {
  const called: Tree[] = [];
  for (let at = 0; at < trees.length; at++) {
    const tree = trees[at];
    const index = trees[at + 1];
    const isBuffer = isWord(tree) && buffers.has(tree.text) && !isMember(trees, at);
    if (!isBuffer || !isGroup(index, "[") || isAssigned(name, trees, at + 1)) {
      called.push(inside(tree, (inner) => callReads(name, inner, buffers)));
      continue;
    }
    called.push({ ...tree, text: `read_${tree.text}` }, {
      kind: "(",
      open: { ...index.open, text: "(" },
      trees: callReads(name, index.trees, buffers),
      close: { ...index.close, text: ")" },
    });
    at++;
  }
  return called;
}

/**
 * Whether a statement assigns to the element with the index at `at`.
 *
 * @throws {DeviceError} when it also reads the element
 */
export function isAssigned(name: string, trees: readonly Tree[], at: number): boolean {
  const operator = trees[at + 1];
  if (operator === undefined || isGroup(operator) || operator.kind !== "operator") return false;
  if (/^([-+*/%&|^]|<<|>>)=$/.test(operator.text)) {
    const element = print(trees.slice(at - 1, at + 1)).trim();
    throw syntaxError(name, operator.line, `${element} is read and written in one statement`);
  }
  return operator.text === "=";
}
