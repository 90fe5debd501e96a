/** Opening the adapter: limits, class, and every failure as a {@link DeviceError}. */
import { DeviceError } from "../errors.ts";
import { type BufferRange, type DeviceBuffer, locate } from "./device_buffer.ts";

export type { BufferRange, DeviceBuffer };

/** Kernel variants and tuning tables are chosen by this. */
export type AdapterClass = "discrete" | "integrated" | "software";

export interface AdapterDescription {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  subgroupMinSize: number;
  isFallbackAdapter: boolean;
}

const install =
  "install a Vulkan driver: on Debian or Ubuntu, `apt-get install mesa-vulkan-drivers` gives a software one that needs no GPU";

const wantedFeatures: readonly GPUFeatureName[] = ["timestamp-query", "shader-f16"];

/** Limits that kernels and data sets profit from; each is asked for as the adapter has it. */
const raisedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxUniformBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxStorageBuffersPerShaderStage",
  "maxStorageTexturesPerShaderStage",
  "maxTextureDimension2D",
  "maxTextureArrayLayers",
  "minStorageBufferOffsetAlignment",
  "minUniformBufferOffsetAlignment",
] as const;

/**
 * Sorts an adapter into a class. WebGPU does not report whether a GPU is discrete or integrated, so the
 * vendor (a PCI number or a name) and the description decide; an unknown GPU counts as discrete.
 */
export function classifyAdapter(info: AdapterDescription): AdapterClass {
  const text = `${info.description} ${info.device} ${info.architecture}`.toLowerCase();
  if (info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader|software|basic render/.test(text)) {
    return "software";
  }
  const vendor = `${info.vendor} ${text}`.toLowerCase();
  if (/\b(apple|4203|65539|qualcomm|20803|arm|5045|adreno|mali)\b/.test(vendor)) {
    return "integrated";
  }
  if (/\b(intel|32902)\b/.test(vendor)) return /\barc\b/.test(text) ? "discrete" : "integrated";
  if (/radeon(\(tm\))? (\d+m )?graphics|radeon(\(tm\))? vega \d+ graphics|\bapu\b/.test(text)) {
    return "integrated";
  }
  return "discrete";
}

/** An opened device. Objects made from it die with {@link Device.destroy}. */
export class Device {
  readonly class: AdapterClass;
  readonly limits: GPUSupportedLimits;
  /**
   * Invocations that run in step. On software adapters this is the vector width, and a workgroup
   * should be exactly one subgroup.
   */
  readonly subgroupSize: number;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #buffers = new Set<DeviceBuffer>();
  #failure: DeviceError | undefined;
  #destroyed = false;

  constructor(readonly gpu: GPUDevice, readonly info: AdapterDescription) {
    this.class = classifyAdapter(info);
    this.limits = gpu.limits;
    this.subgroupSize = subgroupSizeOf(info);
    gpu.lost.then((lost) => {
      if (!this.#destroyed) {
        this.#failure ??= new DeviceError(
          `The device was lost (${
            lost.message || lost.reason
          }); open it again and go on from the last checkpoint`,
        );
      }
    });
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault?.();
      this.#failure ??= asDeviceError((event as GPUUncapturedErrorEvent).error);
    });
  }

  /** One line for logs and keys: class, description and driver. */
  get summary(): string {
    const { description, device, vendor } = this.info;
    return `${this.class}: ${description || device || `vendor ${vendor}`}`;
  }

  /** False once anything failed or the device was destroyed. */
  get healthy(): boolean {
    return !this.#failure && !this.#destroyed;
  }

  /** @throws {DeviceError} the first failure since the device was opened */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /**
   * Allocates a zeroed buffer, or one that holds `data`.
   *
   * @throws {DeviceError} beyond a limit of the device, or out of memory
   */
  buffer(
    label: string,
    content: number | ArrayBufferView<ArrayBuffer>,
    usage: number = GPUBufferUsage.STORAGE,
  ): DeviceBuffer {
    const asked = typeof content === "number" ? content : content.byteLength;
    const bytes = Math.max(16, Math.ceil(asked / 4) * 4);
    this.requireSize(label, bytes);
    const gpu = this.gpu.createBuffer({
      label,
      size: bytes,
      usage: usage | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    const buffer: DeviceBuffer = { kind: "buffer", label, bytes, gpu };
    this.#buffers.add(buffer);
    if (typeof content !== "number") this.write(buffer, content);
    return buffer;
  }

  /** @throws {DeviceError} when `bytes` are more than the `limit` of one buffer on this device */
  requireSize(label: string, bytes: number, limit = this.limits.maxBufferSize): void {
    if (bytes > limit) {
      throw new DeviceError(
        `"${label}" needs ${megabytes(bytes)} in one buffer; this device takes at most ${
          megabytes(limit)
        }`,
      );
    }
  }

  /** Replaces bytes of a buffer from `offset` on; ordered with submitted programs. */
  write(buffer: BufferRange, data: ArrayBufferView<ArrayBuffer>, offset = 0): void {
    const { of, first } = locate(buffer);
    if (offset + data.byteLength > buffer.bytes) {
      throw new RangeError(`Cannot write ${data.byteLength} bytes at ${offset} of ${of.label}`);
    }
    const at = first + offset;
    const words = data.byteLength - data.byteLength % 4;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (words > 0) this.gpu.queue.writeBuffer(of.gpu, at, bytes, 0, words);
    if (words < data.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(words));
      this.gpu.queue.writeBuffer(of.gpu, at + words, tail);
    }
  }

  /**
   * Reads bytes back after everything submitted so far. Costs some 11 ms whatever the size.
   *
   * @throws {DeviceError} when the device failed in the meantime
   */
  async read(
    buffer: BufferRange,
    offset = 0,
    bytes = buffer.bytes - offset,
  ): Promise<ArrayBuffer> {
    this.check();
    const { of, first } = locate(buffer);
    const size = Math.ceil(bytes / 4) * 4;
    const staging = this.gpu.createBuffer({
      label: `read ${of.label}`,
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    try {
      const encoder = this.gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(of.gpu, first + offset, staging, 0, size);
      this.gpu.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      this.check();
      return staging.getMappedRange().slice(0, bytes);
    } catch (cause) {
      this.check();
      throw new DeviceError(
        `Cannot read ${megabytes(bytes)} of "${of.label}" back: ${message(cause)}`,
        undefined,
        undefined,
        { cause },
      );
    } finally {
      staging.destroy();
    }
  }

  async readFloats(
    buffer: BufferRange,
    offset = 0,
    count?: number,
  ): Promise<Float32Array<ArrayBuffer>> {
    return new Float32Array(
      await this.read(buffer, offset, count === undefined ? undefined : count * 4),
    );
  }

  /** Frees a buffer, all of it where a range is given: the garbage collector does not see device memory. */
  free(buffer: BufferRange): void {
    const { of } = locate(buffer);
    if (this.#buffers.delete(of)) of.gpu.destroy();
  }

  /**
   * The compiled pipeline of one entry point; equal code is compiled once.
   *
   * @param kernel name of kernel and entry point, for errors
   * @throws {DeviceError} names the kernel and the line that the compiler refused
   */
  pipeline(kernel: string, code: string, entryPoint: string): Promise<GPUComputePipeline> {
    const key = pipelineKey(code, entryPoint);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.#compile(kernel, code, entryPoint);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /** Whether {@link pipeline} was asked for this one before. */
  hasPipeline(code: string, entryPoint: string): boolean {
    return this.#pipelines.has(pipelineKey(code, entryPoint));
  }

  async #compile(kernel: string, code: string, entryPoint: string): Promise<GPUComputePipeline> {
    this.gpu.pushErrorScope("validation");
    const module = this.gpu.createShaderModule({ label: kernel, code });
    const refused = await this.gpu.popErrorScope();
    if (refused) {
      const found = (await module.getCompilationInfo()).messages.find((m) => m.type === "error");
      const line = found?.lineNum || undefined;
      throw new DeviceError(
        `Kernel ${kernel}${line ? `, line ${line}` : ""}: ${refused.message.trim()}`,
        kernel,
        line,
      );
    }
    try {
      return await this.gpu.createComputePipelineAsync({
        label: kernel,
        layout: "auto",
        compute: { module, entryPoint },
      });
    } catch (cause) {
      throw new DeviceError(
        `Kernel ${kernel}: ${message(cause)}`,
        kernel,
        undefined,
        { cause },
      );
    }
  }

  /** Runs `work` and turns validation and out-of-memory errors into exceptions. */
  async guarded<T>(what: string, work: () => T): Promise<T> {
    this.gpu.pushErrorScope("out-of-memory");
    this.gpu.pushErrorScope("validation");
    let result: T | undefined;
    let thrown: unknown;
    try {
      result = work();
    } catch (error) {
      thrown = error;
    }
    const invalid = await this.gpu.popErrorScope();
    const exhausted = await this.gpu.popErrorScope();
    this.check();
    if (exhausted) throw new DeviceError(`${what}: out of device memory (${exhausted.message})`);
    if (invalid) throw new DeviceError(`${what}: ${invalid.message.trim()}`);
    if (thrown !== undefined) throw thrown;
    return result as T;
  }

  /** Frees every buffer and the device itself. */
  destroy(): void {
    this.#destroyed = true;
    for (const buffer of this.#buffers) buffer.gpu.destroy();
    this.#buffers.clear();
    this.#pipelines.clear();
    this.gpu.destroy();
  }
}

function pipelineKey(code: string, entryPoint: string): string {
  return `${entryPoint}\n${code}`;
}

/** See {@link Device.subgroupSize}. */
export function subgroupSizeOf({ subgroupMinSize }: AdapterDescription): number {
  return subgroupMinSize > 0 ? subgroupMinSize : 32;
}

/** @throws {DeviceError} when there is no adapter, with the command that installs one */
async function fastestAdapter(): Promise<GPUAdapter> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new DeviceError(`No WebGPU adapter was found; ${install}`);
  return adapter;
}

function descriptionOf({ info }: GPUAdapter): AdapterDescription {
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    subgroupMinSize: info.subgroupMinSize ?? 0,
    isFallbackAdapter: info.isFallbackAdapter ?? false,
  };
}

/**
 * What {@link openDevice} would open, without opening it.
 *
 * @throws {DeviceError} when there is no adapter, with the command that installs one
 */
export async function describeAdapter(): Promise<AdapterDescription> {
  return descriptionOf(await fastestAdapter());
}

/**
 * Opens the fastest adapter with every limit that it offers.
 *
 * @throws {DeviceError} when there is no adapter, with the command that installs one
 */
export async function openDevice(): Promise<Device> {
  const adapter = await fastestAdapter();
  const requiredLimits: Record<string, number> = {};
  for (const name of raisedLimits) {
    const offered = adapter.limits[name];
    if (offered !== undefined) requiredLimits[name] = offered;
  }
  const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature));
  try {
    const gpu = await adapter.requestDevice({ requiredLimits, requiredFeatures });
    return new Device(gpu, descriptionOf(adapter));
  } catch (cause) {
    throw new DeviceError(
      `The adapter "${adapter.info.description}" gave no device: ${message(cause)}`,
      undefined,
      undefined,
      { cause },
    );
  }
}

/** Bytes as people read them. */
export function megabytes(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  if (bytes >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

function asDeviceError(error: GPUError): DeviceError {
  return error instanceof GPUOutOfMemoryError
    ? new DeviceError(`Out of device memory: ${error.message}`)
    : new DeviceError(error.message.trim());
}

function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
