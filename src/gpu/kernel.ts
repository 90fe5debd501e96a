/** Pairs a `.wgsl` module with its typed declaration and fails when the two drift apart. */
import { type BufferForms, type Constants, specialise } from "./wgsl/specialise.ts";
import {
  type Access,
  type Declarations,
  readDeclarations,
  withoutOtherEntries,
} from "./wgsl/declarations.ts";
import { parse, print, type Tree } from "./wgsl/tokens.ts";

/** Binding name -> how the entry point uses it. */
export type BindingUse = Readonly<Record<string, Access>>;

export interface KernelDeclaration {
  /** The file's name without extension; errors name it. */
  name: string;
  /** Text of the module: `import source from "./x.wgsl" with { type: "text" }`. */
  source: string;
  /** Every `const NAME: TYPE` of the module that a program may set. */
  constants: readonly string[];
  /** Fields of `struct Params`, in order, when the module has one. */
  params?: Readonly<Record<string, string>>;
  /** Entry point -> every binding that it uses. */
  entries: Readonly<Record<string, BindingUse>>;
}

export interface Kernel<D extends KernelDeclaration = KernelDeclaration> {
  readonly name: string;
  readonly module: readonly Tree[];
  readonly declarations: Declarations;
  readonly declaration: D;
}

/** Names of the entry points of a kernel. */
export type EntryOf<D extends KernelDeclaration> = keyof D["entries"] & string;

/** Names of the bindings of one entry point. */
export type BindingOf<D extends KernelDeclaration, E extends EntryOf<D>> =
  & keyof D["entries"][E]
  & string;

/** Names of a kernel's constants. */
export type ConstantOf<D extends KernelDeclaration> = D["constants"][number];

/**
 * Declares a kernel and compares the declaration with the WGSL text at once, without a GPU.
 *
 * @throws {TypeError} listing every difference between the declaration and the module
 * @throws {DeviceError} a module with a bracket that is never closed
 */
export function defineKernel<const D extends KernelDeclaration>(declaration: D): Kernel<D> {
  const module = parse(declaration.name, declaration.source);
  const declarations = readDeclarations(module);
  const differences = [
    ...constantDifferences(declaration, declarations),
    ...paramDifferences(declaration, declarations),
    ...entryDifferences(declaration, declarations),
  ];
  if (differences.length > 0) {
    throw new TypeError(
      `Kernel ${declaration.name} differs from its WGSL:\n  ${differences.join("\n  ")}`,
    );
  }
  return { name: declaration.name, module, declarations, declaration };
}

function constantDifferences(declaration: KernelDeclaration, found: Declarations): string[] {
  const names = new Set(found.constants.map((constant) => constant.name));
  return declaration.constants
    .filter((name) => !names.has(name))
    .map((name) => `constant ${name} is declared but not in the module`);
}

function paramDifferences(declaration: KernelDeclaration, found: Declarations): string[] {
  const wanted = Object.entries(declaration.params ?? {}).map(([name, type]) => `${name}: ${type}`);
  const given = found.params.map(({ name, type }) => `${name}: ${type}`);
  return wanted.join() === given.join()
    ? []
    : [`Params is {${given.join(", ")}} in the module, {${wanted.join(", ")}} in the declaration`];
}

function entryDifferences(declaration: KernelDeclaration, found: Declarations): string[] {
  const differences: string[] = [];
  const accesses = new Map(found.bindings.map((binding) => [binding.name, binding.access]));
  for (const binding of found.bindings) {
    if (binding.group !== 0) differences.push(`binding ${binding.name} is not in group 0`);
  }
  for (const [entry, uses] of Object.entries(declaration.entries)) {
    const used = found.entries.get(entry);
    if (!used) {
      differences.push(`entry point ${entry} is not in the module`);
      continue;
    }
    for (const name of used) {
      if (!(name in uses)) differences.push(`${entry} uses ${name}, which is not declared`);
    }
    for (const [name, access] of Object.entries(uses)) {
      if (!used.has(name)) differences.push(`${entry} does not use ${name}`);
      else if (accesses.get(name) !== access) {
        differences.push(
          `${entry}: ${name} is ${accesses.get(name)} in the module, ${access} declared`,
        );
      }
    }
  }
  for (const entry of found.entries.keys()) {
    if (!(entry in declaration.entries)) differences.push(`entry point ${entry} is not declared`);
  }
  return differences;
}

/** One entry point of a kernel with constants set: what a pipeline is made from. */
export interface SpecialisedKernel {
  code: string;
  declarations: Declarations;
}

const specialisedKernels = new Map<Kernel, Map<string, SpecialisedKernel>>();

/** @throws {DeviceError} see `specialise` */
export function specialiseKernel(
  kernel: Kernel,
  entry: string,
  constants: Constants,
  forms: BufferForms,
): SpecialisedKernel {
  let variants = specialisedKernels.get(kernel);
  if (!variants) specialisedKernels.set(kernel, variants = new Map());
  const sorted = Object.entries(constants).sort(([a], [b]) => a < b ? -1 : 1);
  const spans = forms.spans && [forms.spans.bytes, ...forms.spans.counts];
  const key = JSON.stringify([entry, sorted, { ...forms, spans }]);
  let variant = variants.get(key);
  if (!variant) {
    const module = withoutOtherEntries(kernel.module, entry);
    const trees = specialise(kernel.name, module, constants, forms);
    variants.set(key, variant = { code: print(trees), declarations: readDeclarations(trees) });
  }
  return variant;
}
