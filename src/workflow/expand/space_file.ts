/** The file that a search's `config_file` names: a part of its space in the format of another program. */
import { readProblem } from "../../disk/errors.ts";
import { DataError } from "../../errors.ts";
import type { Located, SearchTable } from "../parse/document.ts";
import { resolve } from "../paths.ts";
import type { ExpandedStep } from "./expand.ts";
import type { Surroundings } from "./values.ts";

/** The space of the search; what it has itself replaces what the file has. */
export async function readSpaceFile(
  { keys, space }: SearchTable,
  steps: ReadonlyMap<string, ExpandedStep>,
  { folder, readText, problems }: Surroundings,
): Promise<Map<string, Located>> {
  const file = keys.get("config_file");
  if (file === undefined) return space;
  const { value, place } = file;
  if (typeof value !== "string" || value === "") {
    problems.add("config_file of a search must be a path in quotes", place);
    return space;
  }
  const step = readerOf(steps, keys.get("metric"));
  if (step === undefined) {
    problems.add(
      "config_file needs a step that reads such files, or the metric of one of several",
      place,
      'write metric = "train.loss", where train is a train step',
    );
    return space;
  }
  try {
    const text = await readText(resolve(folder, value));
    const domains = await step.kind!.preset!.parseSpace!(text, value);
    const read = Object.entries(domains)
      .map(([parameter, domain]) =>
        [`${step.name}.${parameter}`, { value: domain, place }] as const
      );
    return new Map([...read, ...space]);
  } catch (error) {
    const reason = error instanceof DataError
      ? error.message
      : `can't read ${value}: ${readProblem(error)}`;
    problems.add(reason, place);
    return space;
  }
}

/** The step of the metric, else the only one that reads such files. */
function readerOf(
  steps: ReadonlyMap<string, ExpandedStep>,
  metric: Located | undefined,
): ExpandedStep | undefined {
  const readers = [...steps.values()].filter(({ kind }) => kind?.preset?.parseSpace !== undefined);
  const named = readers.find(({ name }) => String(metric?.value).split(".")[0] === name);
  return named ?? (readers.length === 1 ? readers[0] : undefined);
}
