/** Steps that a workflow names by path: `uses = "./my_step.ts"`. */
import { resolve } from "node:path";
import { DataError } from "../../errors.ts";
import { pathParametersOf } from "../../workflow/path_names.ts";
import type { Json, StepKind } from "../../workflow/step.ts";
import { readModuleGraph } from "./module_graph.ts";
import { decodeParameters } from "./parameters.ts";
import { declareInSandbox, runInSandbox } from "./sandbox.ts";

/**
 * Loads the step kind that a module declares. Nothing of the module runs on this thread; its worker
 * has no permission but to read the modules that were hashed.
 *
 * @param path absolute path of the module
 * @param specifier path of the module, as the workflow file spells it
 * @param folder that the path is relative to
 * @throws {WorkflowError} on imports that a step must not have, and when the module fails or
 *   declares no step
 */
export async function loadUserStep(specifier: string, folder: string): Promise<StepKind> {
  const path = resolve(folder, specifier);
  const graph = readModuleGraph(path);
  const { params: sent, ...declaration } = await declareInSandbox(path, graph);
  const params = decodeParameters(sent);
  const pathParameters = pathParametersOf(params);
  return {
    ...declaration,
    params,
    pathParameters,
    code: graph.digest,
    // It has a worker of its own; this thread only exchanges messages with it.
    runs: "inline",
    run: async (context) => {
      const paths = pathParameters.flatMap((name) => strings(context.params[name] as Json));
      const outputs = await runInSandbox(path, graph, context, paths);
      if (readModuleGraph(path).digest !== graph.digest) {
        throw new DataError(path, "changed while it ran; run again");
      }
      return outputs;
    },
  };
}

function strings(value: Json | undefined): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.flatMap(strings) : [];
}
