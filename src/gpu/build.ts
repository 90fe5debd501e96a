/** Builds what was recorded: places buffers and textures, compiles kernels, makes bind groups. */
import type { Arena } from "./arena.ts";
import { Program } from "./built_program.ts";
import { compile } from "./compile.ts";
import type { Device } from "./device.ts";
import type { Encoded } from "./encode.ts";
import {
  extent,
  type Operand,
  type PlannedTensor,
  type PlannedTexture,
  storageOf,
  storedBytes,
} from "./operand.ts";
import {
  type DispatchOperation,
  lifetimesOf,
  type Operation,
  placeTextures,
  unused,
} from "./operations.ts";
import { place } from "./plan.ts";

export interface Recorded {
  label: string;
  operations: readonly Operation[];
  /** How many of these, the first ones, give the same at every run. */
  once: number;
  /** Number of its virtual tensors. */
  tensors: number;
  textures: readonly PlannedTexture[];
}

function planMemory({ operations, once, tensors, textures }: Recorded) {
  const lives = lifetimesOf(operations, { tensors, textures: textures.length });
  for (const life of [...lives.tensors, ...lives.textures]) {
    if (life && life.first < once && life.last >= once) life.last = operations.length - 1;
  }
  return {
    buffers: place(lives.tensors.map((life) => life ?? unused)),
    textures: placeTextures(textures, lives.textures),
  };
}

/**
 * Takes the memory of a program in the arena.
 *
 * @throws {TypeError} a tensor that is read before anything writes it
 * @throws {ArenaError} too little memory
 */
export async function reserve(recorded: Recorded, arena: Arena) {
  const plan = planMemory(recorded);
  const buffers = await arena.buffers(plan.buffers.sizes.map((size) => Math.max(size, 16)));
  const views = await arena.textures(plan.textures.shapes);
  return {
    bufferOf: ({ id }: PlannedTensor) => buffers[plan.buffers.slots[id]],
    viewOf: ({ id }: PlannedTexture) => views[plan.textures.slots[id]],
  };
}

/**
 * @throws {TypeError} a tensor that is read before anything writes it
 * @throws {DeviceError} a kernel that does not compile, or too little memory
 */
export async function build(
  device: Device,
  recorded: Recorded,
  arena: Arena,
  onProgress?: (done: number, all: number) => void,
): Promise<Program> {
  const { label, operations, once } = recorded;
  const { bufferOf, viewOf } = await reserve(recorded, arena);
  const pipelines = await makePipelines(device, operations, onProgress);

  const range = (operand: Operand): GPUBufferBinding => {
    const { of, offset, bytes } = extent(operand);
    const buffer = of.kind === "buffer" ? of.gpu : bufferOf(of);
    const storage = storageOf(operand);
    const [first, size] = [offset, bytes].map((count) => storedBytes(storage, count));
    return { buffer, offset: first, size };
  };
  const encode = (operation: Operation): Encoded => {
    const { kind, label } = operation;
    if (kind === "clear") return { kind, label, to: range(operation.to) };
    if (kind === "copy") {
      return { kind, label, from: range(operation.from), to: range(operation.to) };
    }
    if (kind === "upload") {
      const { from, to } = operation;
      const texture = arena.textureOf(viewOf(to));
      return { kind, label, from: range(from), texture, firstRow: to.zeroRows };
    }
    const { kernel, workgroups } = operation;
    const pipeline = pipelines.get(pipelineKey(operation))!;
    const entries = operation.bindings.map(({ binding, bound }) => ({
      binding,
      resource: bound.kind === "texture" ? viewOf(bound) : range(bound),
    }));
    const layout = pipeline.getBindGroupLayout(0);
    const group = device.gpu.createBindGroup({ label, layout, entries });
    return { kind, label, kernel, pipeline, group, workgroups };
  };
  const encoded = await device.guarded(`Program ${label}`, () => operations.map(encode));
  return new Program(device, label, encoded, once);
}

async function makePipelines(
  device: Device,
  operations: readonly Operation[],
  onProgress?: (done: number, all: number) => void,
): Promise<Map<string, GPUComputePipeline>> {
  const distinct = new Map<string, DispatchOperation>();
  for (const operation of operations) {
    if (operation.kind === "dispatch") distinct.set(pipelineKey(operation), operation);
  }
  await compile(device, [...distinct.values()], onProgress);
  const pipelines = new Map<string, GPUComputePipeline>();
  for (const [key, { kernel, code, entry }] of distinct) {
    pipelines.set(key, await device.pipeline(kernel, code, entry));
  }
  return pipelines;
}

function pipelineKey({ entry, code }: DispatchOperation): string {
  return entry + code;
}
