/**
 * The other end of {@link LocalExecutor}: one thread, one task at a time.
 *
 * It opens the store itself, so that bytes never cross between threads.
 */
import type { Json, StepKind } from "../../../workflow/step.ts";
import { openStore, type Store } from "../../store/store.ts";
import { execute, type Task } from "../task.ts";
import { type FromWorker, sentError, type ToWorker } from "./messages.ts";

interface StepModule {
  loadKind(name: string): Promise<StepKind | undefined>;
  createServices?: (store: Store, numericClass: Json | undefined) => unknown;
}

interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
}

const scope = globalThis as unknown as Scope;
let store: Store | undefined;
let steps: Promise<StepModule> | undefined;
let running: AbortController | undefined;

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "open":
      store = openStore(data.root, { lower: data.lower, verify: data.verify });
      store.onDamage = (damage) => scope.postMessage({ type: "damage", damage });
      steps = import(data.stepModule);
      // Reported by the first task that awaits it.
      steps.catch(() => {});
      return;
    case "run":
      return void run(data.task);
    case "abort":
      return running?.abort(new DOMException(data.message, data.name));
  }
};

async function run(task: Task): Promise<void> {
  const controller = running = new AbortController();
  try {
    const { loadKind, createServices } = await steps!;
    const kind = await loadKind(task.kind);
    if (!kind) throw new TypeError(`the step module has no kind ${task.kind}`);
    const services = await createServices?.(store!, task.numericClass);
    const result = await execute(store!, kind, task, services, controller.signal, {
      log: (level, message) => scope.postMessage({ type: "log", level, message }),
      progress: (update) => scope.postMessage({ type: "progress", update }),
      stored: (blob) => scope.postMessage({ type: "stored", blob }),
    });
    scope.postMessage({ type: "done", result });
  } catch (error) {
    scope.postMessage({ type: "failed", error: sentError(error) });
  }
}
