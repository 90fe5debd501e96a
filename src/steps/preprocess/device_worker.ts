/** A thread of `HeadPool` that computes on a device of its own. */
import { type Device, openDevice } from "../../gpu/device.ts";
import { serveHeads } from "../../imaging/preprocess/serve_heads.ts";
import { registerOnDevice, resampleOnDevice } from "./device_registration.ts";

let opened: Promise<Device> | undefined;

/** Opened at the first head; a fresh one after the last was lost. */
async function threadDevice(): Promise<Device> {
  const device = await opened?.catch(() => undefined);
  return device?.healthy ? device : await (opened = openDevice());
}

serveHeads({
  registerAffine: async (...input) => await registerOnDevice(await threadDevice(), ...input),
  resample: async (...input) => await resampleOnDevice(await threadDevice(), ...input),
});
