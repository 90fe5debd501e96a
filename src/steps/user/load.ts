/** Steps that a workflow names by path: `uses = "./my_step.ts"`. */
import { resolve } from "node:path";
import { WorkflowError } from "../../errors.ts";
import { pathParametersOf } from "../../workflow/path_names.ts";
import type { Json, OutputPort, StepKind } from "../../workflow/step.ts";
import { labelsPort } from "../tables/ports.ts";
import { readModuleGraph } from "./module_graph.ts";
import { decodeParameters } from "./parameters.ts";
import { declareInSandbox, runInSandbox } from "./sandbox.ts";

/**
 * Loads the step kind that a module declares. Nothing of the module runs on this thread; its worker
 * gets the text that was hashed and can reach nothing else.
 *
 * @param specifier path of the module, as the workflow file spells it
 * @param folder that the path is relative to
 * @throws {WorkflowError} on imports that a step must not have, and when the module fails or
 *   declares no step
 */
export async function loadUserStep(specifier: string, folder: string): Promise<StepKind> {
  const path = resolve(folder, specifier);
  const graph = readModuleGraph(path);
  const { params: sent, ...declaration } = await declareInSandbox(path, graph);
  const params = decodeOrExplain(path, sent);
  const pathParameters = pathParametersOf(params);
  const { chain } = declaration;
  const stray = [chain ?? [], declaration.unkeyed ?? []].flat()
    .find((name) => !Object.hasOwn(params.shape, name));
  if (stray !== undefined) throw problem(path, `it has no parameter "${stray}"`);
  return {
    ...declaration,
    params,
    outputs: withPublishers(declaration.outputs),
    pathParameters,
    code: graph.digest,
    module: path,
    // It has a worker of its own; this thread only exchanges messages with it.
    runs: "inline",
    run: async (context) => {
      const paths = pathParameters.flatMap((name) => strings(context.params[name] as Json));
      const end = chain === undefined ? undefined : context.params[chain];
      const last = typeof end === "number" ? end : Number.MAX_SAFE_INTEGER;
      return await runInSandbox(path, graph, context, paths, last);
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

function decodeOrExplain(path: string, sent: Parameters<typeof decodeParameters>[0]) {
  try {
    return decodeParameters(sent);
  } catch (cause) {
    throw problem(path, cause instanceof Error ? cause.message : String(cause));
  }
}

function problem(path: string, message: string): WorkflowError {
  return new WorkflowError([{ message: `${path} can't be used as a step: ${message}` }]);
}

function strings(value: Json | undefined): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.flatMap(strings) : [];
}
