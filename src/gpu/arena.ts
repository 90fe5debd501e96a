/** Device memory that the programs of one network share, since only one of them runs at a time. */
import { DeviceError } from "../errors.ts";
import { type Device, megabytes } from "./device.ts";

/** Shape of a texture of four float32 a texel. */
export interface TextureShape {
  /** Texels along x. */
  width: number;
  height: number;
  /** First rows that nothing writes, so that they stay zero. */
  zeroRows: number;
}

/** The device refused memory for activations. */
export class ArenaError extends DeviceError {
  /** @param given bytes that the arena held by then */
  constructor(message: string, readonly given: number, cause: unknown) {
    super(message, undefined, undefined, { cause });
  }
}

export class Arena {
  readonly #buffers: GPUBuffer[] = [];
  readonly #textures: { shape: TextureShape; gpu: GPUTexture; view: GPUTextureView }[] = [];

  constructor(readonly device: Device) {}

  /** Bytes held. */
  get bytes(): number {
    const textures = this.#textures.reduce((sum, { shape }) => sum + textureBytes(shape), 0);
    return this.#buffers.reduce((sum, buffer) => sum + buffer.size, textures);
  }

  /**
   * One buffer for each size, taking those of earlier programs where they are large enough.
   *
   * @throws {ArenaError} out of memory: what was needed and what was given so far
   */
  async buffers(sizes: readonly number[]): Promise<GPUBuffer[]> {
    const free = [...this.#buffers].sort((a, b) => a.size - b.size);
    const found = sizes.map((size) => {
      const fit = free.findIndex((buffer) => buffer.size >= size);
      return fit >= 0 ? free.splice(fit, 1)[0] : undefined;
    });
    const needed = sizes.reduce((sum, size, i) => found[i] ? sum : sum + size, this.bytes);
    const buffers: GPUBuffer[] = [];
    for (const [i, size] of sizes.entries()) {
      buffers.push(found[i] ?? await this.#newBuffer(size, needed));
    }
    return buffers;
  }

  async #newBuffer(size: number, needed: number): Promise<GPUBuffer> {
    const buffer = await this.#allocate(size, needed, () =>
      this.device.gpu.createBuffer({
        label: `arena ${this.#buffers.length}`,
        size,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      }));
    this.#buffers.push(buffer);
    return buffer;
  }

  async #allocate<T>(size: number, needed: number, create: () => T): Promise<T> {
    try {
      return await this.device.guarded("Allocating activations", create);
    } catch (cause) {
      if (!this.device.healthy) throw cause;
      throw new ArenaError(
        `The program needs ${megabytes(needed)} for activations; the device gave ${
          megabytes(this.bytes)
        } and then refused ${megabytes(size)}. Take a smaller batch_size`,
        this.bytes,
        cause,
      );
    }
  }

  /**
   * One texture for each shape, taking those of earlier programs that are high enough.
   *
   * @throws {ArenaError} out of memory: what was needed and what was given so far
   */
  async textures(shapes: readonly TextureShape[]): Promise<GPUTextureView[]> {
    const free = [...this.#textures].sort((a, b) => a.shape.height - b.shape.height);
    const found = shapes.map(({ width, height, zeroRows }) => {
      const fit = free.findIndex(({ shape }) =>
        shape.width === width && shape.zeroRows === zeroRows && shape.height >= height
      );
      return fit >= 0 ? free.splice(fit, 1)[0].view : undefined;
    });
    const needed = shapes.reduce(
      (sum, shape, i) => found[i] ? sum : sum + textureBytes(shape),
      this.bytes,
    );
    const views: GPUTextureView[] = [];
    for (const [i, shape] of shapes.entries()) {
      views.push(found[i] ?? await this.#newTexture(shape, needed));
    }
    return views;
  }

  async #newTexture(shape: TextureShape, needed: number): Promise<GPUTextureView> {
    const gpu = await this.#allocate(
      textureBytes(shape),
      needed,
      () =>
        this.device.gpu.createTexture({
          label: `arena texture ${textureText(shape)}`,
          size: [shape.width, shape.height],
          format: "rgba32float",
          usage: GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.TEXTURE_BINDING |
            GPUTextureUsage.COPY_DST | GPUTextureUsage.COPY_SRC,
        }),
    );
    const view = gpu.createView();
    this.#textures.push({ shape, gpu, view });
    return view;
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

/** What labels and errors call a texture. */
export function textureText({ width, height, zeroRows }: TextureShape): string {
  return `${width}x${height}${zeroRows > 0 ? ` from row ${zeroRows}` : ""}`;
}

function textureBytes({ width, height }: TextureShape): number {
  return width * height * 16;
}
