/** Device memory that the programs of one network share, since only one of them runs at a time. */
import { DeviceError } from "../errors.ts";
import { type Device, megabytes } from "./device.ts";

export interface TextureShape {
  /** Texels along x. */
  width: number;
  height: number;
  /** Array layers. */
  layers: number;
  format: "rgba32float" | "rgba16float" | "r32float";
  /** First rows that nothing writes, so that they stay zero; part of what textures must share. */
  zeroRows?: number;
}

export class Arena {
  readonly #buffers: GPUBuffer[] = [];
  readonly #textures: { key: string; gpu: GPUTexture; view: GPUTextureView }[] = [];

  constructor(readonly device: Device) {}

  /** Bytes held. */
  get bytes(): number {
    const textures = this.#textures.reduce((sum, { gpu }) => sum + textureBytes(gpu), 0);
    return this.#buffers.reduce((sum, buffer) => sum + buffer.size, textures);
  }

  /**
   * One buffer for each size, taking those of earlier programs where they are large enough.
   *
   * @throws {DeviceError} out of memory: what was needed and what was given so far
   */
  async buffers(sizes: readonly number[]): Promise<GPUBuffer[]> {
    const free = [...this.#buffers].sort((a, b) => a.size - b.size);
    const made: GPUBuffer[] = [];
    for (const size of sizes) {
      const fit = free.findIndex((buffer) => buffer.size >= size);
      if (fit >= 0) {
        made.push(...free.splice(fit, 1));
        continue;
      }
      made.push(
        await this.#allocate(size, sizes, () =>
          this.device.gpu.createBuffer({
            label: `arena ${this.#buffers.length}`,
            size,
            usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
          })),
      );
      this.#buffers.push(made[made.length - 1]);
    }
    return made;
  }

  async #allocate<T>(size: number, sizes: readonly number[], create: () => T): Promise<T> {
    try {
      return await this.device.guarded("Allocating activations", create);
    } catch (cause) {
      const needed = sizes.reduce((sum, bytes) => sum + bytes, 0);
      throw new DeviceError(
        `The program needs ${megabytes(needed)} for activations; the device gave ${
          megabytes(this.bytes)
        } and then refused ${megabytes(size)}. Take a smaller batch_size`,
        undefined,
        undefined,
        { cause },
      );
    }
  }

  /** One texture for each shape, taking equal ones of earlier programs. */
  async textures(shapes: readonly TextureShape[]): Promise<GPUTextureView[]> {
    const free = [...this.#textures];
    const views: GPUTextureView[] = [];
    for (const shape of shapes) {
      const key = textureKey(shape);
      const fit = free.findIndex((texture) => texture.key === key);
      if (fit >= 0) {
        views.push(free.splice(fit, 1)[0].view);
        continue;
      }
      const gpu = await this.device.guarded(
        `Allocating a texture of ${key}`,
        () =>
          this.device.gpu.createTexture({
            label: `arena texture ${key}`,
            size: [shape.width, shape.height, shape.layers],
            format: shape.format,
            usage: GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.TEXTURE_BINDING |
              GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC,
          }),
      );
      const view = gpu.createView({ dimension: shape.layers > 1 ? "2d-array" : "2d" });
      this.#textures.push({ key, gpu, view });
      views.push(view);
    }
    return views;
  }

  /** The texture behind a view that {@link textures} gave. */
  textureOf(view: GPUTextureView): GPUTexture {
    const found = this.#textures.find((texture) => texture.view === view);
    if (!found) throw new TypeError("The view is not of this arena");
    return found.gpu;
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    for (const { gpu } of this.#textures) gpu.destroy();
    this.#buffers.length = 0;
    this.#textures.length = 0;
  }
}

export function textureKey({ width, height, layers, format, zeroRows }: TextureShape): string {
  return `${width}x${height}x${layers} ${format}${zeroRows ? ` from row ${zeroRows}` : ""}`;
}

function textureBytes(texture: GPUTexture): number {
  const texel = texture.format === "rgba32float" ? 16 : texture.format === "rgba16float" ? 8 : 4;
  return texture.width * texture.height * texture.depthOrArrayLayers * texel;
}
