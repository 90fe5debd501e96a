/** Steps that a workflow names by path: `uses = "./my_step.ts"`. */
import { resolve } from "node:path";
import { DataError } from "../../errors.ts";
import { pathParametersOf } from "../../workflow/path_names.ts";
import type { Json, OutputPort, StepKind } from "../../workflow/step.ts";
import { labelsPort } from "../tables/ports.ts";
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
    outputs: withPublishers(declaration.outputs),
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

/** Tables of sessions have two files, of which one is published. */
function withPublishers(outputs: Readonly<Record<string, OutputPort>>): Record<string, OutputPort> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, port]) => {
      const { type, list, description } = port;
      const isTable = (type === "labels" || type === "participants") && list === undefined;
      return [name, isTable ? { ...port, ...labelsPort(type, description) } : port];
    }),
  );
}

function strings(value: Json | undefined): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.flatMap(strings) : [];
}
