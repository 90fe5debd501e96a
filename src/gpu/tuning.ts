/**
 * Which kernel variants a device runs. The table changes the order of sums, so it is part of the key
 * of every result computed with it.
 */
import {
  type AdapterClass,
  type AdapterDescription,
  classifyAdapter,
  type Device,
} from "./device.ts";

export interface KernelTable {
  /**
   * `direct`: textures and registers (software adapters), where every kernel reads its buffers marked
   * `// texels` as textures; `implicit_gemm`: workgroup memory (GPUs).
   */
  convolution: "direct" | "implicit_gemm";
  /**
   * Output channels an invocation of the direct convolution keeps in registers: 16 or 32. With 32,
   * drivers differ on which is faster at 16 lanes, and compiling takes a third longer.
   */
  directChannels: number;
  /** Tile of the implicit GEMM where an output has more than 32 channels: 64 or 128 each. */
  gemmPixels: number;
  gemmChannels: number;
  /** Pixels of the tile that an invocation keeps in registers, with 8 channels: 4 or 8. */
  gemmLanePixels: number;
  /** Workgroups that an implicit GEMM aims at by splitting its sum over taps and channels. */
  convolutionWorkgroups: number;
  /** 3 x 3 convolutions of stride 1 go by Winograd's algorithm (with direct convolutions only). */
  winograd: boolean;
  /** Least channels, input and output, for it. */
  winogradChannels: number;
  /** Least 4 x 4 output tiles of a batch for it. */
  winogradTiles: number;
  /** Workgroups that a weight gradient aims at by splitting its sum over pixels. */
  weightGradientWorkgroups: number;
}

/** The standard tables. */
export const kernelTables: Readonly<Record<AdapterClass, KernelTable>> = {
  software: {
    convolution: "direct",
    directChannels: 16,
    gemmPixels: 128,
    gemmChannels: 64,
    gemmLanePixels: 8,
    convolutionWorkgroups: 1,
    winograd: true,
    winogradChannels: 32,
    winogradTiles: 64,
    weightGradientWorkgroups: 32,
  },
  integrated: {
    convolution: "implicit_gemm",
    directChannels: 16,
    gemmPixels: 64,
    gemmChannels: 64,
    gemmLanePixels: 4,
    convolutionWorkgroups: 64,
    winograd: false,
    winogradChannels: 32,
    winogradTiles: 64,
    weightGradientWorkgroups: 128,
  },
  discrete: {
    convolution: "implicit_gemm",
    directChannels: 16,
    gemmPixels: 128,
    gemmChannels: 64,
    gemmLanePixels: 8,
    convolutionWorkgroups: 264,
    winograd: false,
    winogradChannels: 32,
    winogradTiles: 64,
    weightGradientWorkgroups: 512,
  },
};

/** What an adapter runs until `gyrus tune` has measured it. */
export function standardTable(adapter: AdapterDescription): KernelTable {
  return kernelTables[classifyAdapter(adapter)];
}

const chosen = new WeakMap<Device, KernelTable>();

/** The table of a device: the tuned one, else its standard. */
export function kernelTable(device: Device): KernelTable {
  return chosen.get(device) ?? standardTable(device.info);
}

/** Makes programs recorded from now on use `table`. */
export function useKernelTable(device: Device, table: KernelTable): void {
  chosen.set(device, table);
}
