/**
 * A static program: every buffer placed, every pipeline and bind group made once, then run as one
 * encoder and one submit a step.
 *
 * How a kernel family records itself (`kernels/x.ts`):
 *
 * ```ts ignore
 * import source from "./relu.wgsl" with { type: "text" };
 * const relu = defineKernel({
 *   name: "relu",
 *   source,
 *   constants: ["LANES"], // `const LANES: u32 = 16u;` in the module, set by dispatch
 *   entries: { forward: { x: "read", y: "read_write" } },
 * });
 *
 * export function reluForward(program: ProgramBuilder, x: Operand, y: Operand, count: number) {
 *   const { subgroupSize } = program.device;
 *   program.dispatch(relu, "forward", {
 *     constants: { LANES: subgroupSize },
 *     bindings: { x, y }, // the kernel's bound: `arrayLength(&y)`
 *     workgroups: [Math.ceil(count / subgroupSize)],
 *   });
 * }
 * ```
 *
 * - `program.tensor(label, bytes)` is virtual: it lives from the first operation that uses it to the
 *   last, then its buffer goes to another tensor. Its first use must write it. Content never survives
 *   from one run to the next; what must survive is a `DeviceBuffer` (`device.buffer`).
 * - Parameters are ranges of flat buffers: `slice(buffer, offset, bytes)`, offsets multiples of 256.
 *   A dispatch may not read one range and write another of the same buffer (WebGPU tracks whole
 *   buffers); writing two ranges of one buffer is possible when they don't overlap.
 * - An operand may be longer than a binding of the device: it is bound as several (`wgsl/spans.ts`).
 * - `program.texels(operand)` is a copy of a buffer as a texture, for a binding of `texture_read`.
 * - A constant is for what changes the code. Shapes of layers are in `fixedParams`, and a batch size
 *   follows from the grid or from `arrayLength`: each set of constants is a pipeline of its own, which
 *   a software adapter compiles for 0.05 to 1 s, and the last partial batch should find all of them made.
 * - Variants: choose by `program.device.class` ("software" = lavapipe) and `program.device.subgroupSize`.
 */
import { DeviceError } from "../errors.ts";
import { Arena, textureText } from "./arena.ts";
import { build, type Recorded, reserve } from "./build.ts";
import { Program, type Timing } from "./built_program.ts";
import type { Device, DeviceBuffer } from "./device.ts";
import { divideOperations } from "./invariant.ts";
import {
  type BindingOf,
  type ConstantOf,
  type EntryOf,
  type Kernel,
  type KernelDeclaration,
  specialiseKernel,
} from "./kernel.ts";
import {
  extent,
  labelOf,
  type Operand,
  type PlannedTensor,
  type PlannedTexture,
  type Slice,
  slice,
  type Storage,
  storageOf,
  storedBytes,
} from "./operand.ts";
import { joinBranches } from "./join_branches.ts";
import { findAliased, type Operation } from "./operations.ts";
import { spanBytes, spanOf, type Spans } from "./wgsl/spans.ts";
import type { Constants } from "./wgsl/specialise.ts";
import { texelsOf } from "./wgsl/texel_reads.ts";
import { largestTensor, listShape, readsTexels, rowBits, TexelCopies } from "./texels.ts";
import type { BindingDeclaration } from "./wgsl/declarations.ts";

export {
  type Operand,
  type PlannedTensor,
  type PlannedTexture,
  Program,
  type Slice,
  slice,
  type Storage,
  storageOf,
  type Timing,
};

export interface Dispatch<D extends KernelDeclaration, E extends EntryOf<D>> {
  /** Numbers, flags, or names of other constants of the kernel. */
  constants?: Partial<Record<ConstantOf<D>, number | boolean | string>>;
  /** Exactly the bindings that the specialised entry point uses. */
  bindings: Partial<Record<BindingOf<D, E>, Operand | PlannedTexture>>;
  workgroups: readonly [number, number?, number?];
  /** Such as the layer's name; profiles and errors show it. */
  label?: string;
}

/** Span number `span` of an operand. */
function sliceOfSpan(operand: Operand, span: number, bytes: number): Slice {
  const first = span * bytes;
  return slice(operand, first, Math.min(bytes, extent(operand).bytes - first));
}

/** Names of the bindings whose operands are stored as float16; undefined where there are none. */
function halvesOf(
  given: Readonly<Record<string, Operand | PlannedTexture | undefined>>,
): string[] | undefined {
  const halves = Object.entries(given).flatMap(([name, operand]) =>
    operand && operand.kind !== "texture" && storageOf(operand) === "f16" ? name : []
  );
  return halves.length > 0 ? halves.sort() : undefined;
}

/** Records operations in the order in which they will run. */
export class ProgramBuilder {
  #operations: Operation[] = [];
  #copies = new TexelCopies();
  readonly #tensors: PlannedTensor[] = [];
  readonly #textures: PlannedTexture[] = [];

  /** @param constants buffers that stay as they are between a `run` and each `runAgain` */
  constructor(
    readonly device: Device,
    readonly label: string,
    readonly constants: ReadonlySet<DeviceBuffer> = new Set(),
  ) {}

  /**
   * @param bytes of its numbers as float32, also where they are stored as float16
   * @throws {DeviceError} when one buffer can't be that large on this device
   */
  tensor(label: string, bytes: number, storage: Storage = "f32"): PlannedTensor {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    this.device.requireSize(label, storedBytes(storage, size), largestTensor(this.device));
    const id = this.#tensors.length;
    const tensor: PlannedTensor = { kind: "tensor", id, label, bytes: size, storage };
    this.#tensors.push(tensor);
    return tensor;
  }

  /**
   * @throws {TypeError} when a binding is missing or too many, or a constant does not exist
   * @throws {DeviceError} when the grid or a binding exceeds the device's limits
   */
  dispatch<D extends KernelDeclaration, E extends EntryOf<D>>(
    kernel: Kernel<D>,
    entry: E,
    { constants = {}, bindings, workgroups, label }: Dispatch<D, E>,
  ): void {
    const name = `${kernel.name}.${entry}`;
    const texels = readsTexels(this.device);
    const given = bindings as Record<string, Operand | PlannedTexture | undefined>;
    const spans = this.#spansOf(given);
    const halves = halvesOf(given);
    const { code, declarations } = specialiseKernel(
      kernel,
      entry,
      constants as Constants,
      { texels, spans, halves },
    );
    const used = declarations.entries.get(entry) ?? new Set();
    for (const extra of Object.keys(given)) {
      if (!used.has(extra)) throw new TypeError(`${name} has no binding ${extra}`);
    }
    const bound = [...used].map((binding) => {
      const { buffer, span } = spanOf(binding);
      const whole = given[buffer] ?? given[texelsOf(buffer)];
      if (!whole) throw new TypeError(`${name} needs binding ${binding}`);
      const declared = declarations.bindings.find((d) => d.name === binding)!;
      const isSpan = spans?.counts.has(buffer) && declared.access !== "texture_read";
      const operand = spans && isSpan && whole.kind !== "texture"
        ? sliceOfSpan(whole, span, spans.bytes)
        : whole;
      const resource = texels && declared.access === "texture_read" && operand.kind !== "texture"
        ? this.texels(operand)
        : operand;
      this.#checkBinding(name, declared, resource);
      return {
        name: binding,
        binding: declared.binding,
        bound: resource,
        writes: declared.access === "read_write",
      };
    });
    const aliased = findAliased(bound);
    if (aliased) {
      throw new TypeError(`${name} reads and writes ${labelOf(aliased)} through two bindings`);
    }
    this.#checkCount(name, bound);
    const grid: [number, number, number] = [workgroups[0], workgroups[1] ?? 1, workgroups[2] ?? 1];
    const limit = this.device.limits.maxComputeWorkgroupsPerDimension;
    if (grid.some((n) => !Number.isInteger(n) || n < 1 || n > limit)) {
      throw new DeviceError(`${name}: a grid of ${grid.join("x")} exceeds 1 to ${limit}`, name);
    }
    for (const { bound: resource, writes } of bound) {
      if (writes && resource.kind !== "texture") this.#copies.overwritten(resource);
    }
    this.#operations.push({
      kind: "dispatch",
      label: label ?? name,
      kernel: name,
      entry,
      source: { kernel, constants: constants as Constants, halves },
      code,
      bindings: bound,
      workgroups: grid,
    });
  }

  /** The spans of operands that are longer than a binding; undefined where there are none. */
  #spansOf(given: Record<string, Operand | PlannedTexture | undefined>): Spans | undefined {
    const limit = this.device.limits.maxStorageBufferBindingSize;
    const bytes = spanBytes(limit);
    const counts = Object.entries(given).flatMap(([buffer, operand]): [string, number][] => {
      if (!operand || operand.kind === "texture" || extent(operand).bytes <= limit) return [];
      return [[buffer, Math.ceil(extent(operand).bytes / bytes)]];
    });
    return counts.length > 0 ? { bytes, counts: new Map(counts) } : undefined;
  }

  #checkCount(name: string, bound: readonly { bound: Operand | PlannedTexture }[]): void {
    const buffers = bound.filter(({ bound: { kind } }) => kind !== "texture").length;
    const limit = this.device.limits.maxStorageBuffersPerShaderStage;
    if (buffers > limit + 1) {
      throw new DeviceError(
        `${name} needs ${buffers} bindings of buffers, because its tensors are longer than one ` +
          `binding; this device has ${limit} and one for parameters. Use a smaller batch`,
        name,
      );
    }
  }

  #checkBinding(
    name: string,
    declared: BindingDeclaration,
    resource: Operand | PlannedTexture,
  ): void {
    const isTexture = resource.kind === "texture";
    if (isTexture !== (declared.access === "texture_read")) {
      throw new TypeError(`${name}: ${declared.name} cannot be bound to ${labelOf(resource)}`);
    }
    if (isTexture) return;
    const { offset: counted, bytes } = extent(resource);
    const offset = storedBytes(storageOf(resource), counted);
    const uniform = declared.access === "uniform";
    const alignment = uniform
      ? this.device.limits.minUniformBufferOffsetAlignment
      : this.device.limits.minStorageBufferOffsetAlignment;
    if (offset % alignment !== 0) {
      throw new TypeError(`${name}: ${declared.name} starts at ${offset}, not at ${alignment}n`);
    }
    const limit = uniform
      ? this.device.limits.maxUniformBufferBindingSize
      : this.device.limits.maxStorageBufferBindingSize;
    if (bytes > limit) {
      throw new DeviceError(`${name}: ${declared.name} binds ${bytes} bytes of at most ${limit}`);
    }
  }

  /**
   * What an operand holds now, as texels behind a row of zeros. Copied once for all who ask before
   * something overwrites the operand.
   */
  texels(operand: Operand): PlannedTexture {
    const made = this.#copies.find(operand);
    if (made) return made;
    const count = Math.floor(extent(operand).bytes / 16);
    const texture = this.copyToTexels(labelOf(operand), slice(operand, 0, count * 16), 1);
    this.#copies.add(operand, texture);
    return texture;
  }

  /**
   * A texture that holds the vectors of an operand, row after row behind rows of zeros. What lies
   * behind them is anything.
   *
   * @throws {TypeError} when the operand is not a whole number of texels
   * @throws {DeviceError} when the device has no texture of so many texels
   */
  copyToTexels(label: string, from: Operand, zeroRows: number): PlannedTexture {
    const { bytes } = extent(from);
    if (bytes % 16 !== 0) throw new TypeError(`${labelOf(from)}: ${bytes} bytes are no texels`);
    const side = this.device.limits.maxTextureDimension2D;
    const shape = listShape(bytes / 16, zeroRows, side);
    if (shape.width > side || shape.height > side) {
      throw new DeviceError(`Texture "${label}" of ${textureText(shape)} exceeds ${side}x${side}`);
    }
    const texture: PlannedTexture = { kind: "texture", id: this.#textures.length, label, ...shape };
    this.#textures.push(texture);
    this.#operations.push({ kind: "upload", label: `copy to ${label}`, from, to: texture });
    return texture;
  }

  /** Texels of the whole buffer that an operand is a range of, and the first of that range. */
  texelsWithin(operand: Operand): { texture: PlannedTexture; first: number } {
    const { of, offset } = extent(operand);
    return { texture: this.texels(of), first: 2 ** rowBits + offset / 16 };
  }

  /**
   * Copies as many bytes as the smaller side has.
   *
   * @throws {TypeError} between float16 and float32
   */
  copy(from: Operand, to: Operand, label = "copy"): void {
    if (storageOf(from) !== storageOf(to)) {
      throw new TypeError(`${labelOf(from)} and ${labelOf(to)} are stored by different types`);
    }
    this.#copies.overwritten(to);
    this.#operations.push({ kind: "copy", label, from, to });
  }

  /** Zeroes a tensor. */
  clear(to: Operand): void {
    this.#copies.overwritten(to);
    this.#operations.push({ kind: "clear", label: `clear ${labelOf(to)}`, to });
  }

  /** The operations recorded so far. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /**
   * Records branches that do not depend on each other, and joins or interleaves their operations
   * (`join_branches.ts`). A branch's own order stays.
   */
  parallel(branches: readonly (() => void)[]): void {
    const before = this.#operations;
    const recorded = branches.map((branch) => {
      const first = this.#tensors.length;
      this.#operations = [];
      this.#copies = new TexelCopies();
      branch();
      return { operations: this.#operations, tensors: this.#tensors.slice(first) };
    });
    this.#operations = before;
    this.#copies = new TexelCopies();
    const plan = (label: string, bytes: number, storage: Storage) =>
      this.tensor(label, bytes, storage);
    before.push(...joinBranches(this.device, recorded, plan));
  }

  /**
   * Takes the memory that {@link build} will take, and makes nothing else.
   *
   * @throws {DeviceError} too little memory
   */
  async reserve(arena: Arena): Promise<void> {
    await reserve(this.#recorded, arena);
  }

  /**
   * Plans memory, compiles what is not compiled yet and makes the bind groups.
   *
   * @param arena memory shared with other programs; they must not run interleaved with this one
   * @param onProgress called after each pipeline with the number done and the number of all
   * @throws {TypeError} a tensor that is read before anything writes it, or a constant that is written
   * @throws {DeviceError} a kernel that does not compile, or too little memory
   */
  async build(
    arena: Arena = new Arena(this.device),
    onProgress?: (done: number, all: number) => void,
  ): Promise<Program> {
    return await build(this.device, this.#recorded, arena, onProgress);
  }

  get #recorded(): Recorded {
    const { ordered, once } = divideOperations(this.#operations, this.constants);
    return {
      label: this.label,
      operations: ordered,
      once,
      tensors: this.#tensors.length,
      textures: this.#textures,
    };
  }
}
