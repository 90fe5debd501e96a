/** What the engine's threads are given to run steps with; see `LocalOptions.stepModule`. */
import type { Store } from "../engine/store/store.ts";
import type { Json } from "../workflow/step.ts";
import type { DeviceService } from "../device/open.ts";

export { loadKind } from "./mod.ts";

/** What a step finds as `context.services`. */
export function services(store: Store, numericClass: Json | undefined): DeviceService {
  return {
    device: async () => await (await import("../device/open.ts")).openedFor(store, numericClass),
  };
}
