/** What the engine's threads are given to run steps with; see `LocalOptions.stepModule`. */
import type { Store } from "../engine/store/store.ts";
import type { Json } from "../workflow/step.ts";
import type { DeviceService } from "../device/open.ts";

export { loadKind } from "./mod.ts";

/** Creates the `context.services` of a step. */
export function createServices(store: Store, numericClass: Json | undefined): DeviceService {
  return {
    ...(numericClass !== undefined && { numericClass }),
    device: async () =>
      await (await import("../device/open.ts")).openStepDevice(store, numericClass),
  };
}
