/** Values that change from step to step (rate, step number): one small uniform buffer. */
import type { Device, DeviceBuffer } from "./device.ts";

/** WGSL scalar type of each field, in the order of `struct Params`. */
export type UniformFields = Readonly<Record<string, string>>;

export class Uniforms<F extends UniformFields = UniformFields> {
  readonly buffer: DeviceBuffer;
  readonly #offsets = new Map<string, { at: number; type: string }>();
  readonly #view: DataView<ArrayBuffer>;

  /** @param fields scalars only (`f32`, `u32`, `i32`), so that offsets are multiples of 4 */
  constructor(readonly device: Device, label: string, fields: F) {
    let at = 0;
    for (const [name, type] of Object.entries(fields)) {
      if (!/^(f32|u32|i32)$/.test(type)) throw new TypeError(`Uniform ${name} cannot be ${type}`);
      this.#offsets.set(name, { at, type });
      at += 4;
    }
    const bytes = Math.max(16, Math.ceil(at / 16) * 16);
    this.#view = new DataView(new ArrayBuffer(bytes));
    this.buffer = device.buffer(label, bytes, GPUBufferUsage.UNIFORM);
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
