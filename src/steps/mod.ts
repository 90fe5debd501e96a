/** Every step kind that `uses` can name; `gyrus steps` lists them in this order. */
import type { StepKind } from "../workflow/step.ts";

export const stepKinds: readonly StepKind[] = [];
