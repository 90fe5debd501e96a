/** What the engine is given so that it can run Gyrus's own steps and a user's. */
import { moduleOf, stepModules } from "./mod.ts";
import { FILE_TYPES } from "../artifacts/file_types.ts";
import type { PlanOptions } from "../engine/plan/plan.ts";
import type { RunOptions } from "../engine/run/run.ts";
import { WorkflowError } from "../errors.ts";
import type { Instance, Search } from "../workflow/graph.ts";
import type { StepKind } from "../workflow/step.ts";

/** For the reader. A user's step brings its loader with it only when a file names one. */
export const reading = {
  kinds: stepModules,
  fileTypes: FILE_TYPES,
  resolveKind: async (specifier: string, folder: string): Promise<StepKind> => {
    const kind = await (await import("./user/load.ts")).loadUserStep(specifier, folder);
    if (!Object.hasOwn(stepModules, kind.kind)) return kind;
    const message = `${specifier} has the kind "${kind.kind}", which is one of Gyrus's own`;
    throw new WorkflowError([{ message, suggestion: "give it another name" }]);
  },
  checkSearch: async (search: Search, instances: readonly Instance[]) =>
    (await import("../search/objective.ts")).findSearchProblem(search, instances),
};

/** For `plan`. */
export const planning: Pick<PlanOptions, "numericClass" | "deviceCode"> = {
  numericClass: async (policy, store) =>
    await (await import("../device/numeric_class.ts")).readNumericClass(policy, store),
  deviceCode: async (kind) =>
    await (await import("../device/code_digest.ts")).codeDigest(moduleOf(kind)),
};

/** For `run`. */
export const running:
  & Pick<RunOptions, "numericClass" | "deviceCode">
  & Pick<RunOptions, "stepModule" | "confirmDevice" | "deviceSlots"> = {
    ...planning,
    confirmDevice: async (store) =>
      await (await import("../device/adapter_memory.ts")).confirmAdapter(store),
    stepModule: new URL("./step_module.ts", import.meta.url).href,
    deviceSlots: async () => await (await import("../device/open.ts")).countDeviceSlots(),
  };
