/**
 * Which kernel variants a device runs. The table changes the order of sums, so it is part of the key
 * of every result computed with it.
 */
import type { AdapterClass, Device } from "./device.ts";

export interface KernelTable {
  /** `texel`: storage textures and registers (software); `tiled`: workgroup memory (GPUs). */
  convolution: "texel" | "tiled";
  /** Output channels an invocation of the texel convolution keeps in registers: 16 or 32. */
  texelChannels: number;
  /** Tile of the tiled convolution: 64 or 128 each. */
  tiledPixels: number;
  tiledChannels: number;
  /** 3 x 3 convolutions of stride 1 go by Winograd's algorithm (texel convolutions only). */
  winograd: boolean;
  /** Least channels, input and output, for it. */
  winogradChannels: number;
  /** Least 4 x 4 output tiles of a batch for it. */
  winogradTiles: number;
  /** Workgroups that a weight gradient aims at by splitting its sum over pixels. */
  weightGradientWorkgroups: number;
}

/** What each class of adapter runs until `gyrus tune` has measured the device. */
export const kernelTables: Readonly<Record<AdapterClass, KernelTable>> = {
  software: {
    convolution: "texel",
    texelChannels: 32,
    tiledPixels: 128,
    tiledChannels: 64,
    winograd: true,
    winogradChannels: 32,
    winogradTiles: 64,
    weightGradientWorkgroups: 32,
  },
  integrated: {
    convolution: "tiled",
    texelChannels: 16,
    tiledPixels: 64,
    tiledChannels: 64,
    winograd: false,
    winogradChannels: 32,
    winogradTiles: 64,
    weightGradientWorkgroups: 128,
  },
  discrete: {
    convolution: "tiled",
    texelChannels: 16,
    tiledPixels: 128,
    tiledChannels: 64,
    winograd: false,
    winogradChannels: 32,
    winogradTiles: 64,
    weightGradientWorkgroups: 512,
  },
};

const chosen = new WeakMap<Device, KernelTable>();

/** The table of a device: the tuned one, else its class's. */
export function kernelTable(device: Device): KernelTable {
  return chosen.get(device) ?? kernelTables[device.class];
}

/** Makes programs recorded from now on use `table`. */
export function useKernelTable(device: Device, table: KernelTable): void {
  chosen.set(device, table);
}
