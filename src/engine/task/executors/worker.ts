/**
 * The other end of {@link LocalExecutor}: one thread, one task at a time.
 *
 * It opens the store itself, so that bytes never cross between threads.
 */
import { connectToParent } from "../../../threads/channel.ts";
import { decodeError } from "../../../threads/errors.ts";
import type { Json, StepKind } from "../../../workflow/step.ts";
import { openStore, type Store } from "../../store/store.ts";
import { execute } from "../task.ts";
import { type MainMethods, type OpenOptions, STEP_ERRORS, type WorkerMethods } from "./protocol.ts";

interface StepModule {
  loadKind(name: string): Promise<StepKind | undefined>;
  createServices?: (store: Store, numericClass: Json | undefined) => unknown;
}

let opened: Promise<{ store: Store; steps: StepModule }>;
let running: AbortController | undefined;

const main = connectToParent<MainMethods>(
  {
    open(options) {
      opened = open(options);
      // Reported by the first task that awaits it.
      opened.catch(() => {});
    },
    async run(task) {
      const controller = running = new AbortController();
      const { store, steps } = await opened;
      const kind = await steps.loadKind(task.kind);
      if (!kind) throw new TypeError(`the step module has no kind ${task.kind}`);
      const services = await steps.createServices?.(store, task.numericClass);
      return await execute(store, kind, task, services, controller.signal, {
        log: (level, message) => void main.call("log", level, message),
        progress: (update) => void main.call("progress", update),
        stored: (blob) => void main.call("stored", blob),
      });
    },
    abort: (reason) => running?.abort(decodeError(reason)),
  } satisfies WorkerMethods,
  STEP_ERRORS,
);

async function open({ root, lower, verify, stepModule }: OpenOptions) {
  const store = openStore(root, { lower, verify });
  store.onCorruption = (corruption) => void main.call("corruption", corruption);
  return { store, steps: await import(stepModule) as StepModule };
}
