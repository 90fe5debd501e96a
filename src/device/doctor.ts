/** What `gyrus doctor` reports: the adapter, its limits, and what it reaches in practice. */
import { activationForward } from "../../kernels/activation.ts";
import { convForward, linearShape } from "../../kernels/conv/mod.ts";
import type { AdapterClass, AdapterDescription, Device } from "../gpu/device.ts";
import { ProgramBuilder } from "../gpu/program.ts";
import { type KernelTable, kernelTable } from "../gpu/tuning.ts";
import { type Clock, type ClockName, clockOf, timeRun } from "./timing.ts";

/** A device, its limits and its measured throughput; the JSON of `gyrus doctor --json`. */
export interface DeviceReport {
  class: AdapterClass;
  adapter: AdapterDescription;
  /** Whether the adapter runs on the processor instead of a GPU. */
  software: boolean;
  features: string[];
  limits: Record<string, number>;
  kernels: KernelTable;
  /** A device that is too fast to measure has no throughput here. */
  measured: {
    /** `processor`: the throughput is that of one core. */
    clock: ClockName;
    /** Matrix product of `gemmSize` cubed, TFLOP/s. */
    gemmTeraflops?: number;
    gemmSize: number;
    /** Bytes read and written by an elementwise kernel, GB/s. */
    copyGigabytes?: number;
    /** One dispatch among many, microseconds. */
    dispatchMicroseconds?: number;
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
  const clock = await clockOf(device);
  const perSecond = (amount: number, seconds: number | undefined) => seconds && amount / seconds;
  return {
    class: device.class,
    adapter: device.info,
    software: device.class === "software",
    features: [...device.gpu.features].sort(),
    limits: Object.fromEntries(REPORTED_LIMITS.map((name) => [name, device.limits[name]])),
    kernels: kernelTable(device),
    measured: {
      clock: clock.name,
      gemmSize,
      gemmTeraflops: perSecond(2 * gemmSize ** 3 / 1e12, await timeGemm(device, clock, gemmSize)),
      copyGigabytes: perSecond(2 * COPY_BYTES / 1e9, await timeCopy(device, clock)),
      ...await timeDispatches(device, clock),
    },
  };
}

const COPY_BYTES = 2 ** 25;

/** Least time of one measurement. */
const SECONDS = 0.1;

/** Seconds of one product through the linear layer's kernel. */
async function timeGemm(
  device: Device,
  clock: Clock,
  size: number,
): Promise<number | undefined> {
  const program = new ProgramBuilder(device, "gemm");
  const bytes = size * size * 4;
  const weights = device.buffer("gemm weights", bytes);
  const input = program.tensor("gemm input", bytes);
  const output = program.tensor("gemm output", bytes);
  program.clear(input);
  convForward(program, { input, weights, output, shape: linearShape(size, size, size) });
  try {
    return await timeRun(clock, await program.build(), SECONDS);
  } finally {
    device.free(weights);
  }
}

/** Seconds to read and write {@link COPY_BYTES} once. */
async function timeCopy(device: Device, clock: Clock): Promise<number | undefined> {
  const program = new ProgramBuilder(device, "copy");
  const from = program.tensor("copied", COPY_BYTES);
  const to = program.tensor("copy", COPY_BYTES);
  program.clear(from);
  activationForward(program, "none", { x: from, y: to, bytes: COPY_BYTES });
  return await timeRun(clock, await program.build(), SECONDS);
}

/** Times a program of 1000 dispatches, each of which reads what the last one wrote. */
async function timeDispatches(
  device: Device,
  clock: Clock,
): Promise<{ dispatchMicroseconds?: number; submitMicroseconds: number }> {
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
  const seconds = await timeRun(clock, program, SECONDS);
  return {
    dispatchMicroseconds: seconds && seconds * 1e6 / count,
    submitMicroseconds: submitted * 1e3 / count,
  };
}
