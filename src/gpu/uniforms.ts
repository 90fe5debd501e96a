/** Values that change from step to step (rate, step number): one small uniform buffer. */
import type { BufferRange, Device, DeviceBuffer } from "./device.ts";
import type { Kernel, KernelDeclaration } from "./kernel.ts";
import { openParts } from "./parts.ts";

/** WGSL scalar type of each field, in the order of `struct Params`. */
export type UniformFields = Readonly<Record<string, string>>;

export class Uniforms<F extends UniformFields = UniformFields> {
  readonly buffer: BufferRange;
  readonly #offsets = new Map<string, { at: number; type: string }>();
  readonly #view: DataView<ArrayBuffer>;

  /**
   * @param fields scalars only (`f32`, `u32`, `i32`), so that offsets are multiples of 4
   * @param buffer that holds them; one of its own when absent
   */
  constructor(readonly device: Device, label: string, fields: F, buffer?: BufferRange) {
    let at = 0;
    for (const [name, type] of Object.entries(fields)) {
      if (!/^(f32|u32|i32)$/.test(type)) throw new TypeError(`Uniform ${name} cannot be ${type}`);
      this.#offsets.set(name, { at, type });
      at += 4;
    }
    this.#view = new DataView(new ArrayBuffer(uniformBytes(fields)));
    this.buffer = buffer ?? device.buffer(label, this.#view, GPUBufferUsage.UNIFORM);
  }

  /** The same uniforms for each of `count` branches that run side by side. */
  static sideBySide<F extends UniformFields>(
    device: Device,
    label: string,
    fields: F,
    count: number,
  ): Uniforms<F>[] {
    const contents = new Array<number>(count).fill(uniformBytes(fields));
    return openParts(device, label, contents, GPUBufferUsage.UNIFORM)
      .map((buffer) => new Uniforms(device, label, fields, buffer));
  }

  /** Takes effect for programs submitted from now on, not for those under way. */
  set(values: Partial<Record<keyof F & string, number>>): void {
    for (const [name, value] of Object.entries(values) as [string, number][]) {
      const field = this.#offsets.get(name);
      if (!field) throw new TypeError(`There is no uniform ${name}`);
      if (field.type === "f32") this.#view.setFloat32(field.at, value, true);
      else if (field.type === "u32") this.#view.setUint32(field.at, value, true);
      else this.#view.setInt32(field.at, value, true);
    }
    this.device.write(this.buffer, this.#view);
  }
}

function uniformBytes(fields: UniformFields): number {
  return Math.max(16, Math.ceil(Object.keys(fields).length / 4) * 16);
}

const fixed = new WeakMap<Device, Map<string, DeviceBuffer>>();
const fixedBuffers = new WeakSet<DeviceBuffer>();

/** Whether a buffer is one of {@link fixedParams}. */
export function isFixed(buffer: DeviceBuffer): boolean {
  return fixedBuffers.has(buffer);
}

/** Names of the fields of a kernel's `Params`. */
type ParamOf<D extends KernelDeclaration> = keyof NonNullable<D["params"]> & string;

/**
 * `Params` of a kernel (integers) that never change, such as the shape of a layer; absent fields are
 * 0. Equal values share one buffer, which lives as long as its device.
 */
export function fixedParams<D extends KernelDeclaration>(
  device: Device,
  kernel: Kernel<D>,
  values: Partial<Record<ParamOf<D>, number>>,
): DeviceBuffer {
  const given = values as Record<string, number | undefined>;
  const fields = kernel.declarations.params;
  const words = new Int32Array(Math.ceil(fields.length / 4) * 4);
  fields.forEach(({ name }, i) => words[i] = given[name] ?? 0);
  return fixedUniforms(device, `${kernel.name} params`, words);
}

/** A uniform buffer of words that never change. Equal ones are one, which lives as long as its device. */
export function fixedUniforms(
  device: Device,
  label: string,
  words: Int32Array<ArrayBuffer>,
): DeviceBuffer {
  let buffers = fixed.get(device);
  if (!buffers) fixed.set(device, buffers = new Map());
  const key = words.join();
  let buffer = buffers.get(key);
  if (!buffer) {
    buffer = device.buffer(label, words, GPUBufferUsage.UNIFORM);
    buffers.set(key, buffer);
    fixedBuffers.add(buffer);
  }
  return buffer;
}
