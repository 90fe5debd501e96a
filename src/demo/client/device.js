// @ts-check
/// <reference lib="dom" />
import { openDevice } from "../../gpu/device.ts";
import { kernelTables, useKernelTable } from "../../gpu/tuning.ts";

const NO_WEBGPU =
  "This browser has no WebGPU, by which a page reaches the GPU. Current versions of " +
  "Chrome, Edge, Safari and Firefox have it on most systems; Chrome on Linux has it after " +
  "--enable-unsafe-webgpu --enable-features=Vulkan.";

const NO_ADAPTER =
  "This browser has WebGPU, but offers no GPU to it. The address chrome://gpu or " +
  "about:support gives the reason.";

/**
 * Opens the fastest adapter that the browser offers.
 *
 * @throws {Error} in words for the visitor, when there is none
 */
export async function openBrowserDevice() {
  // The types promise what only some browsers have.
  const gpu = /** @type {GPU | undefined} */ (navigator.gpu);
  if (gpu === undefined) throw new Error(NO_WEBGPU);
  if (await gpu.requestAdapter() === null) throw new Error(NO_ADAPTER);
  const device = await openDevice();
  // The software adapters of browsers take seconds for each variant of the direct convolution, of
  // which there are many; GPUs' kernels have few.
  if (device.class === "software") useKernelTable(device, kernelTables.integrated);
  return device;
}

/**
 * The adapter as its browser names it; some give a vendor and an architecture alone.
 *
 * @param {import("../../gpu/device.ts").Device} device
 */
export function adapterName({ info, class: adapterClass }) {
  const name = info.description || info.device || `${info.vendor} ${info.architecture}`.trim();
  return adapterClass === "software" ? `${name} (software, on the CPU)` : name;
}
