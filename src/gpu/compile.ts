/**
 * Compiles the kernels of a program. GPU drivers do so when a pipeline is made; lavapipe when a kernel
 * is first dispatched, on one thread of its device and for up to a second, unless its cache on disk has
 * it. So there, a second device of the same adapter compiles half of the kernels into that cache.
 */
import { type Device, openDevice } from "./device.ts";
import type { DispatchOperation } from "./operations.ts";

/** Milliseconds: the longest kernel takes some 30 from the cache, and hundreds to compile. */
const cachedWithin = 100;

/** Bytes of a placeholder: no less than any `Params` or element of an array. */
const placeholderBytes = 256;

/** In every word of a placeholder: with counts of zero the driver would drop the loops that they end. */
const placeholderWord = 1000;

/**
 * Makes every pipeline, so that {@link Device.pipeline} has it.
 *
 * @param onProgress called after each with the number done and the number of all
 * @throws {DeviceError} a kernel that does not compile
 */
export async function compile(
  device: Device,
  kernels: readonly DispatchOperation[],
  onProgress?: (done: number, all: number) => void,
): Promise<void> {
  const [longest, ...others] = kernels
    .filter(({ code, entry }) => !device.hasPipeline(code, entry))
    .sort((a, b) => b.code.length - a.code.length);
  if (longest === undefined) return;
  let done = kernels.length - others.length - 1;
  const make = async (kernel: DispatchOperation) => {
    await pipelineOf(device, kernel);
    onProgress?.(++done, kernels.length);
  };
  await make(longest);
  if (isLavapipe(device) && !await isCached(device, longest)) {
    await makeOnTwo(device, others, make);
  } else {
    for (const kernel of others) await make(kernel);
  }
}

function isLavapipe({ info }: Device): boolean {
  return /llvmpipe|lavapipe/i.test(`${info.description} ${info.device}`);
}

/** Whether the driver has a kernel compiled already; if not, it has now. */
async function isCached(device: Device, kernel: DispatchOperation): Promise<boolean> {
  const began = performance.now();
  await dispatchNothing(device, kernel);
  await finished(device);
  return performance.now() - began < cachedWithin;
}

/** Both devices compile while this thread makes more pipelines: submitting waits for neither. */
async function makeOnTwo(
  device: Device,
  kernels: readonly DispatchOperation[],
  make: (kernel: DispatchOperation) => Promise<void>,
): Promise<void> {
  const helper = await openDevice();
  try {
    for (const [i, kernel] of kernels.entries()) {
      await make(kernel);
      await dispatchNothing(i % 2 === 0 ? helper : device, kernel);
    }
    await finished(helper);
    await finished(device);
  } finally {
    helper.destroy();
  }
}

function pipelineOf(device: Device, { kernel, code, entry }: DispatchOperation) {
  return device.pipeline(kernel, code, entry);
}

function finished(device: Device): Promise<unknown> {
  return device.gpu.queue.onSubmittedWorkDone();
}

/** Dispatches a kernel over no workgroups, which has the driver compile it. */
async function dispatchNothing(device: Device, kernel: DispatchOperation): Promise<void> {
  const { gpu } = device;
  const pipeline = await pipelineOf(device, kernel);
  const words = new Uint32Array(placeholderBytes / 4).fill(placeholderWord);
  const placeholders: (GPUBuffer | GPUTexture)[] = [];
  const entries = kernel.bindings.map(({ binding, bound }): GPUBindGroupEntry => {
    if (bound.kind === "texture") {
      // Three rows: not a power of two, as the heights of `listShape`.
      const texture = gpu.createTexture({
        size: [bound.width, 3],
        format: "rgba32float",
        usage: GPUTextureUsage.STORAGE_BINDING,
      });
      placeholders.push(texture);
      return { binding, resource: texture.createView() };
    }
    const buffer = gpu.createBuffer({
      size: placeholderBytes,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    placeholders.push(buffer);
    gpu.queue.writeBuffer(buffer, 0, words);
    return { binding, resource: { buffer } };
  });
  const encoder = gpu.createCommandEncoder({ label: "compile" });
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(0);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
  for (const placeholder of placeholders) placeholder.destroy();
}
