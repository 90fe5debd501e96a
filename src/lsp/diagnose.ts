/** The problems of a workflow file, as `gyrus check` finds them. */
import { DataError, type Location, WorkflowError } from "../errors.ts";
import { type ReadOptions, readWorkflow } from "../workflow/read.ts";
import { resolve } from "../workflow/paths.ts";

export interface FileProblem {
  message: string;
  /** From 0, as editors count. */
  line: number;
  column: number;
  length: number;
}

/** By absolute path: the file and every include that was read, with or without problems. */
export async function diagnose(
  path: string,
  options: ReadOptions,
): Promise<Map<string, FileProblem[]>> {
  const problems = new Map<string, FileProblem[]>([[resolve(path), []]]);
  const add = (message: string, location?: Location) => {
    const file = location?.file ?? resolve(path);
    const list = problems.get(file) ?? [];
    problems.set(file, list);
    const { line = 1, column = 1, length = 1 } = location ?? {};
    list.push({ message, line: line - 1, column: column - 1, length });
  };
  try {
    const workflow = await readWorkflow(path, options);
    for (const file of workflow.sources.keys()) {
      if (!problems.has(file)) problems.set(file, []);
    }
  } catch (error) {
    if (error instanceof WorkflowError) {
      for (const { message, location, suggestion } of error.issues) {
        add(suggestion === undefined ? message : `${message}: ${suggestion}`, location);
      }
    } else if (error instanceof DataError) add(error.message);
    else throw error;
  }
  return problems;
}
