/** The device that steps share, opened when the first one asks, and what of it keys must hold. */
import type { Device } from "../gpu/device.ts";
import type { Json } from "../workflow/step.ts";

/** `context.services` of device steps. */
export interface DeviceService {
  /** @throws {DeviceError} when there is no adapter */
  device(): Promise<Device>;
}

let opened: Promise<Device> | undefined;

/** One device a process; a fresh one after the last was lost. */
export const deviceService: DeviceService = {
  async device() {
    if (opened) {
      const device = await opened.catch(() => undefined);
      if (device?.healthy) return device;
    }
    const { openDevice } = await import("../gpu/device.ts");
    opened = openDevice();
    return await opened;
  },
};

/**
 * What a result's bits depend on beside its inputs: the adapter with its driver and vector width,
 * the kernel table, and the text of every file that computes. `class` keeps only what adapters of a
 * kind share, `any` only the text.
 */
export async function numericClass(policy: "exact" | "class" | "any"): Promise<Json> {
  const code = await (computing ??= computeCode());
  if (policy === "any") return { code };
  const device = await deviceService.device();
  const { kernelTable } = await import("../gpu/tuning.ts");
  const table = { ...kernelTable(device) } as { [key: string]: Json };
  for (const [name, value] of Object.entries(table)) if (value === Infinity) table[name] = "never";
  const { vendor, architecture, device: model, description } = device.info;
  const shared = { code, class: device.class, vendor, architecture, kernels: table };
  return policy === "class" ? shared : { ...shared, model, description, lanes: device.lanes };
}

let computing: Promise<string> | undefined;

const COMPUTING = ["../../kernels/", "../gpu/", "../nn/", "../nn/layers/", "../nn/networks/"];

/** Digest of the shaders and of the code that arranges them. */
async function computeCode(): Promise<string> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  for (const folder of COMPUTING) {
    const url = new URL(folder, import.meta.url);
    const names = [...Deno.readDirSync(url)].filter(({ isFile, name }) =>
      isFile && /\.(ts|wgsl)$/.test(name)
    ).map(({ name }) => name).sort();
    for (const name of names) {
      const bytes = Deno.readFileSync(new URL(name, url));
      hash.update(`${folder}${name} ${bytes.length}\n`).update(bytes);
    }
  }
  return `sha256-${hash.digest("hex")}`;
}
