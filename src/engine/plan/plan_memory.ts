/** What a plan asks of the program itself, kept for later plans where the caller can. */
import type { Json } from "../../workflow/step.ts";

/** Answers that depend on the program and the question alone. */
export interface PlanMemory {
  /** The kept answer, or the computed one, which is then kept. Errors are not. */
  ask<T extends Json>(question: Json, compute: () => Promise<T>): Promise<T>;
}

/** Keeps nothing. */
export const NO_MEMORY: PlanMemory = { ask: (_, compute) => compute() };
