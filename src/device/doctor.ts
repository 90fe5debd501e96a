/** What `gyrus doctor` reports: the adapter, its limits, and what it reaches in practice. */
import { activationForward } from "../../kernels/activation.ts";
import { conv2dForward, linearShape } from "../../kernels/conv/mod.ts";
import type { AdapterClass, AdapterDescription, Device } from "../gpu/device.ts";
import { type Program, ProgramBuilder } from "../gpu/program.ts";
import { type KernelTable, kernelTable } from "../gpu/tuning.ts";

/** A device, its limits and its measured throughput; the JSON of `gyrus doctor --json`. */
export interface DeviceReport {
  class: AdapterClass;
  adapter: AdapterDescription;
  /** Whether the adapter runs on the processor instead of a GPU. */
  software: boolean;
  features: string[];
  limits: Record<string, number>;
  kernels: KernelTable;
  measured: {
    /** Matrix product of `gemmSize` cubed, TFLOP/s. */
    gemmTeraflops: number;
    gemmSize: number;
    /** Bytes read and written by an elementwise kernel, GB/s. */
    copyGigabytes: number;
    /** One dispatch among many, microseconds. */
    dispatchMicroseconds: number;
    /** Host time to encode and submit one dispatch, microseconds. */
    submitMicroseconds: number;
  };
}

const REPORTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxStorageBuffersPerShaderStage",
  "maxTextureDimension2D",
  "maxTextureArrayLayers",
  "minStorageBufferOffsetAlignment",
] as const;

/**
 * Describes a device and times it for about a second.
 *
 * @throws {DeviceError} when the device fails
 */
export async function examineDevice(device: Device): Promise<DeviceReport> {
  const gemmSize = device.class === "software" ? 512 : 4096;
  return {
    class: device.class,
    adapter: device.info,
    software: device.class === "software",
    features: [...device.gpu.features].sort(),
    limits: Object.fromEntries(REPORTED_LIMITS.map((name) => [name, device.limits[name]])),
    kernels: kernelTable(device),
    measured: {
      gemmSize,
      gemmTeraflops: 2 * gemmSize ** 3 / await timeGemm(device, gemmSize) / 1e12,
      copyGigabytes: 2 * COPY_BYTES / await timeCopy(device) / 1e9,
      ...await timeDispatches(device),
    },
  };
}

const COPY_BYTES = 2 ** 25;

/** Seconds of one product through the linear layer's kernel. */
async function timeGemm(device: Device, size: number): Promise<number> {
  const program = new ProgramBuilder(device, "gemm");
  const bytes = size * size * 4;
  const weights = device.buffer("gemm weights", bytes);
  const input = program.tensor("gemm input", bytes);
  const output = program.tensor("gemm output", bytes);
  program.clear(input);
  conv2dForward(program, { input, weights, output, shape: linearShape(size, size, size) });
  try {
    return await timeProgram(device, await program.build());
  } finally {
    device.free(weights);
  }
}

/** Seconds to read and write {@link COPY_BYTES} once. */
async function timeCopy(device: Device): Promise<number> {
  const program = new ProgramBuilder(device, "copy");
  const from = program.tensor("copied", COPY_BYTES);
  const to = program.tensor("copy", COPY_BYTES);
  program.clear(from);
  activationForward(program, "none", { x: from, y: to, bytes: COPY_BYTES });
  return await timeProgram(device, await program.build());
}

/** Times a program of 1000 dispatches, each of which reads what the last one wrote. */
async function timeDispatches(
  device: Device,
): Promise<{ dispatchMicroseconds: number; submitMicroseconds: number }> {
  const count = 1000;
  const builder = new ProgramBuilder(device, "dispatches");
  const from = builder.tensor("a", 256);
  const to = builder.tensor("b", 256);
  builder.clear(from);
  for (let i = 0; i < count; i++) {
    const [x, y] = i % 2 === 0 ? [from, to] : [to, from];
    activationForward(builder, "none", { x, y, bytes: 256 });
  }
  const program = await builder.build();
  program.run();
  await device.gpu.queue.onSubmittedWorkDone();
  const began = performance.now();
  program.run();
  const submitted = performance.now() - began;
  return {
    dispatchMicroseconds: await timeProgram(device, program) * 1e6 / count,
    submitMicroseconds: submitted * 1e3 / count,
  };
}

/** Seconds of one run: a mean over a quarter of a second, in which the final wait is negligible. */
async function timeProgram(device: Device, program: Program): Promise<number> {
  const timeOf = async (runs: number) => {
    const began = performance.now();
    for (let i = 0; i < runs; i++) program.run();
    await device.gpu.queue.onSubmittedWorkDone();
    device.check();
    return (performance.now() - began) / 1000;
  };
  await timeOf(1);
  const runs = Math.min(200, Math.max(1, Math.ceil(0.25 / await timeOf(1))));
  return await timeOf(runs) / runs;
}
