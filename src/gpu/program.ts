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
 *   const { lanes } = program.device;
 *   program.dispatch(relu, "forward", {
 *     constants: { LANES: lanes },
 *     bindings: { x, y }, // the kernel's bound: `arrayLength(&y)`
 *     workgroups: [Math.ceil(count / lanes)],
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
 * - `program.texture(label, shape)` is virtual too. Write it by a kernel (`texture_write`, a
 *   `texture_storage_2d_array<rgba32float, write>`) or by `copyToTexture`, read it as `texture_read`.
 * - A constant is for what changes the code. Shapes of layers stand in `fixedParams`, and a batch size
 *   follows from the grid or from `arrayLength`: each set of constants is a pipeline of its own, which
 *   a software adapter compiles for 0.05 to 1 s, and the last partial batch should find all of them made.
 * - Variants: choose by `program.device.class` ("software" = lavapipe) and `program.device.lanes`.
 */
import { DeviceError } from "../errors.ts";
import { Arena, textureKey, type TextureShape } from "./arena.ts";
import { type Encoded, Program, type Timing } from "./built_program.ts";
import { compile } from "./compile.ts";
import type { Device } from "./device.ts";
import type { BindingOf, ConstantOf, EntryOf, Kernel, KernelDeclaration } from "./kernel.ts";
import {
  extent,
  labelOf,
  type Operand,
  type PlannedTensor,
  type PlannedTexture,
  type Slice,
  slice,
} from "./operand.ts";
import {
  checkAliasing,
  type DispatchOperation,
  lifetimesOf,
  type Operation,
  placeTextures,
  unused,
} from "./operations.ts";
import { place } from "./plan.ts";
import { type Constants, specialise } from "./specialise.ts";
import { texelsOf } from "./texel_reads.ts";
import { listShape, rowBits, TexelCopies } from "./texels.ts";
import { kernelTable } from "./tuning.ts";
import {
  type BindingDeclaration,
  type Declarations,
  readDeclarations,
  withoutOtherEntries,
} from "./wgsl.ts";
import { print } from "./wgsl_tokens.ts";

export {
  type Operand,
  type PlannedTensor,
  type PlannedTexture,
  Program,
  type Slice,
  slice,
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

const specialisedKernels = new Map<Kernel, Map<string, Specialised>>();

/** Records operations in the order in which they will run. */
export class ProgramBuilder {
  #operations: Operation[] = [];
  #copies = new TexelCopies();
  readonly #tensors: PlannedTensor[] = [];
  readonly #textures: PlannedTexture[] = [];

  constructor(readonly device: Device, readonly label: string) {}

  /** @throws {DeviceError} when one buffer can't be that large on this device */
  tensor(label: string, bytes: number): PlannedTensor {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    this.device.requireSize(label, size);
    const tensor: PlannedTensor = {
      kind: "tensor",
      id: this.#tensors.length,
      label,
      bytes: size,
    };
    this.#tensors.push(tensor);
    return tensor;
  }

  /** @throws {DeviceError} when a side or the number of layers exceeds the device's limits */
  texture(label: string, shape: TextureShape): PlannedTexture {
    const { maxTextureDimension2D: side, maxTextureArrayLayers: layers } = this.device.limits;
    if (shape.width > side || shape.height > side || shape.layers > layers) {
      throw new DeviceError(
        `Texture "${label}" of ${textureKey(shape)} exceeds ${side}x${side}x${layers}`,
      );
    }
    const texture: PlannedTexture = { kind: "texture", id: this.#textures.length, label, ...shape };
    this.#textures.push(texture);
    return texture;
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
    const texels = kernelTable(this.device).convolution === "direct";
    const { code, declarations } = specialised(kernel, entry, constants as Constants, texels);
    const used = declarations.entries.get(entry) ?? new Set();
    const given = bindings as Record<string, Operand | PlannedTexture | undefined>;
    for (const extra of Object.keys(given)) {
      if (!used.has(extra)) throw new TypeError(`${name} has no binding ${extra}`);
    }
    const bound = [...used].map((binding) => {
      const operand = given[binding] ?? given[texelsOf(binding)];
      if (!operand) throw new TypeError(`${name} needs binding ${binding}`);
      const declared = declarations.bindings.find((d) => d.name === binding)!;
      const resource = texels && declared.access === "texture_read" && operand.kind !== "texture"
        ? this.texels(operand)
        : operand;
      this.#checkBinding(name, declared, resource);
      return {
        binding: declared.binding,
        bound: resource,
        writes: declared.access === "read_write" || declared.access === "texture_write",
      };
    });
    checkAliasing(name, bound);
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
      code,
      bindings: bound,
      workgroups: grid,
    });
  }

  #checkBinding(
    name: string,
    declared: BindingDeclaration,
    resource: Operand | PlannedTexture,
  ): void {
    const isTexture = resource.kind === "texture";
    if (isTexture !== declared.access.startsWith("texture")) {
      throw new TypeError(`${name}: ${declared.name} cannot be bound to ${labelOf(resource)}`);
    }
    if (isTexture) return;
    const { offset, bytes } = extent(resource);
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
   * What an operand holds now, as a list of texels behind a row of zeros. Copied once for all who ask
   * before something overwrites the operand.
   */
  texels(operand: Operand): PlannedTexture {
    const made = this.#copies.find(operand);
    if (made) return made;
    const count = Math.floor(extent(operand).bytes / 16);
    const shape = listShape(count, 1, this.device.limits.maxTextureDimension2D);
    const texture = this.texture(labelOf(operand), shape);
    this.copyTexels(slice(operand, 0, count * 16), texture);
    this.#copies.add(operand, texture);
    return texture;
  }

  /** Texels of the whole buffer that an operand is a range of, and the first of that range. */
  texelsWithin(operand: Operand): { texture: PlannedTexture; first: number } {
    const { of, offset } = extent(operand);
    return { texture: this.texels(of), first: 2 ** rowBits + offset / 16 };
  }

  /** Copies as many bytes as the smaller side has. */
  copy(from: Operand, to: Operand, label = "copy"): void {
    this.#copies.overwritten(to);
    this.#operations.push({ kind: "copy", label, from, to });
  }

  /**
   * Fills a texture from rows of texels.
   *
   * @param bytesPerRow a multiple of 256 by WebGPU's rule; width x texel size when absent
   */
  copyToTexture(from: Operand, to: PlannedTexture, bytesPerRow?: number): void {
    const texel = to.format === "rgba32float" ? 16 : to.format === "rgba16float" ? 8 : 4;
    const pitch = bytesPerRow ?? to.width * texel;
    if (pitch % 256 !== 0 && (to.height > 1 || to.layers > 1)) {
      throw new TypeError(`Rows of ${pitch} bytes are not a multiple of 256: ${to.label}`);
    }
    this.#operations.push({
      kind: "copy",
      label: `copy to ${to.label}`,
      from,
      to,
      bytesPerRow: pitch,
    });
  }

  /**
   * Fills a texture of one layer as a list of `rgba32float` texels, row after row behind its zero rows.
   * What lies behind the list is anything.
   *
   * @throws {TypeError} when the operand does not fit or is not a whole number of texels
   */
  copyTexels(from: Operand, to: PlannedTexture): void {
    const firstRow = to.zeroRows ?? 0;
    const { bytes } = extent(from);
    if (to.format !== "rgba32float" || to.layers !== 1 || (to.width * 16) % 256 !== 0) {
      throw new TypeError(`${to.label} (${textureKey(to)}) is no list of texels`);
    }
    if (bytes % 16 !== 0 || bytes > (to.height - firstRow) * to.width * 16) {
      throw new TypeError(`${bytes} bytes of ${labelOf(from)} do not fit ${to.label}`);
    }
    this.#operations.push({
      kind: "copy",
      label: `copy to ${to.label}`,
      from,
      to,
      bytesPerRow: to.width * 16,
      firstRow,
    });
  }

  /** Zeroes a tensor. */
  clear(to: Operand): void {
    this.#copies.overwritten(to);
    this.#operations.push({ kind: "clear", label: `clear ${labelOf(to)}`, to });
  }

  /**
   * Records branches that do not depend on each other and interleaves their operations, so that a
   * GPU works on several small networks at a time. A branch's own order stays.
   */
  parallel(branches: readonly (() => void)[]): void {
    const before = this.#operations;
    const recorded = branches.map((branch) => {
      this.#operations = [];
      this.#copies = new TexelCopies();
      branch();
      return this.#operations;
    });
    this.#operations = before;
    this.#copies = new TexelCopies();
    const longest = Math.max(0, ...recorded.map((operations) => operations.length));
    for (let i = 0; i < longest; i++) {
      for (const operations of recorded) if (i < operations.length) before.push(operations[i]);
    }
  }

  /** Bytes that the plan would take in the arena, without allocating. */
  plannedBytes(): number {
    const { tensors, textures } = this.#lifetimes();
    const texels = placeTextures(this.#textures, textures).shapes.reduce(
      (sum, t) => sum + t.width * t.height * t.layers * (t.format === "rgba32float" ? 16 : 8),
      0,
    );
    return place(tensors.map((life) => life ?? unused)).sizes.reduce((a, b) => a + b, texels);
  }

  #lifetimes() {
    const counts = { tensors: this.#tensors.length, textures: this.#textures.length };
    return lifetimesOf(this.#operations, counts);
  }

  /**
   * Plans memory, compiles what is not compiled yet and makes the bind groups.
   *
   * @param arena memory shared with other programs; they must not run interleaved with this one
   * @param onProgress called after each pipeline with the number done and the number of all
   * @throws {DeviceError} a kernel that does not compile, or too little memory
   */
  async build(
    arena: Arena = new Arena(this.device),
    onProgress?: (done: number, all: number) => void,
  ): Promise<Program> {
    const lives = this.#lifetimes();
    const placement = place(lives.tensors.map((life) => life ?? unused));
    const buffers = await arena.buffers(placement.sizes.map((size) => Math.max(size, 16)));
    const texturePlan = placeTextures(this.#textures, lives.textures);
    const views = await arena.textures(texturePlan.shapes);

    const pipelines = new Map<string, GPUComputePipeline>();
    const distinct = new Map<string, DispatchOperation>();
    for (const operation of this.#operations) {
      if (operation.kind === "dispatch") distinct.set(operation.entry + operation.code, operation);
    }
    await compile(this.device, [...distinct.values()], onProgress);
    for (const [key, { kernel, code, entry }] of distinct) {
      pipelines.set(key, await this.device.pipeline(kernel, code, entry));
    }

    const range = (operand: Operand): GPUBufferBinding => {
      const { of, offset, bytes } = extent(operand);
      const buffer = of.kind === "buffer" ? of.gpu : buffers[placement.slots[of.id]];
      return { buffer, offset, size: bytes };
    };
    const encode: Encoded[] = await this.device.guarded(
      `Program ${this.label}`,
      () =>
        this.#operations.map((operation): Encoded => {
          if (operation.kind === "dispatch") {
            const pipeline = pipelines.get(operation.entry + operation.code)!;
            const group = this.device.gpu.createBindGroup({
              label: operation.label,
              layout: pipeline.getBindGroupLayout(0),
              entries: operation.bindings.map(({ binding, bound }) => ({
                binding,
                resource: bound.kind === "texture"
                  ? views[texturePlan.slots[bound.id]]
                  : range(bound),
              })),
            });
            const { label, kernel, workgroups } = operation;
            return { kind: "dispatch", label, kernel, pipeline, group, workgroups };
          }
          const { label } = operation;
          if (operation.kind === "clear") return { kind: "clear", label, to: range(operation.to) };
          if (operation.to.kind !== "texture") {
            return { kind: "copy", label, from: range(operation.from), to: range(operation.to) };
          }
          return {
            kind: "upload",
            label,
            from: range(operation.from),
            bytesPerRow: operation.bytesPerRow!,
            firstRow: operation.firstRow,
            shape: operation.to,
            texture: arena.textureOf(views[texturePlan.slots[operation.to.id]]),
          };
        }),
    );
    return new Program(this.device, this.label, encode);
  }
}

interface Specialised {
  code: string;
  declarations: Declarations;
}

function specialised(
  kernel: Kernel,
  entry: string,
  constants: Constants,
  texels: boolean,
): Specialised {
  let variants = specialisedKernels.get(kernel);
  if (!variants) specialisedKernels.set(kernel, variants = new Map());
  const sorted = Object.entries(constants).sort(([a], [b]) => a < b ? -1 : 1);
  const key = JSON.stringify([entry, texels, sorted]);
  let variant = variants.get(key);
  if (!variant) {
    const module = withoutOtherEntries(kernel.module, entry);
    const trees = specialise(kernel.name, module, constants, texels);
    variants.set(key, variant = { code: print(trees), declarations: readDeclarations(trees) });
  }
  return variant;
}
