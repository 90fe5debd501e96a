/** The reserved keys of a step. They decide how it runs, never what it computes. */
import type { Located, StepTable } from "../parse/document.ts";
import type { Execution } from "../graph.ts";
import type { Problems } from "../problems.ts";
import { parseBytes, parseDuration } from "../quantities.ts";
import type { Json, StepKind } from "../step.ts";
import { didYouMean } from "../suggest.ts";
import { parseTemplate, type Scope } from "./template.ts";

const deviceClasses = ["exact", "class", "any"] as const;
const resourceFields = ["cpu", "gpu", "memory", "time"];

/** Validated, with defaults: one CPU or what the kind declares, a slot of the GPU for device steps, no retry. */
export function executionOf(
  step: StepTable,
  kind: StepKind | undefined,
  scope: Scope,
  problems: Problems,
): { execution: Execution; description?: string } {
  const read = <T>(
    located: Located | undefined,
    accept: (value: Json) => T | undefined,
    rule: string,
  ): T | undefined => {
    if (located === undefined) return undefined;
    const template = parseTemplate(
      located.value,
      { params: scope.params },
      located.place,
      problems,
    );
    if (template.faulty) return undefined;
    const value = template.evaluate({});
    const accepted = accept(value);
    if (accepted === undefined) problems.add(rule, located.place);
    return accepted;
  };
  const count = (least: number, most: number) => (value: Json) =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most
      ? value
      : undefined;
  const flag = (value: Json) => typeof value === "boolean" ? value : undefined;

  const { keys, resources } = step;
  for (const [field, { place }] of resources) {
    if (resourceFields.includes(field)) continue;
    problems.add(
      `unknown resource "${field}"`,
      place && { ...place, part: "key" },
      didYouMean(field, resourceFields),
    );
  }
  const device = read(
    keys.get("device"),
    (value) => deviceClasses.find((each) => each === value),
    'device must be "exact", "class" or "any"',
  );
  const duration = 'must be a duration such as "90s", "30m" or "2h", or a number of seconds';
  const execution: Execution = {
    retry: read(keys.get("retry"), count(0, 100), "retry must be a whole number from 0 to 100") ??
      0,
    timeout: read(keys.get("timeout"), parseDuration, `timeout ${duration}`),
    resources: {
      cpu: read(
        resources.get("cpu"),
        count(1, 4096),
        "resources.cpu must be a whole number from 1 to 4096",
      ) ?? kind?.cpu ?? 1,
      gpu: read(
        resources.get("gpu"),
        count(0, 64),
        "resources.gpu must be a whole number from 0 to 64",
      ) ?? (kind?.runs === "device" ? 1 : 0),
      memory: read(
        resources.get("memory"),
        parseBytes,
        'resources.memory must be a size such as "8GiB" or "500MB", or a number of bytes',
      ),
      time: read(resources.get("time"), parseDuration, `resources.time ${duration}`),
    },
    cache: read(keys.get("cache"), flag, "cache must be true or false") ?? true,
    device: device ?? "exact",
    keep: read(keys.get("keep"), flag, "keep must be true or false") ?? false,
  };
  const description = read(
    keys.get("description"),
    (value) => typeof value === "string" ? value : undefined,
    "description must be a text in quotes",
  );
  return { execution, description };
}
