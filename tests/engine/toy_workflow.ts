/** Builds checked workflows without the reader, so that engine tests need no other folder. */
import type { Binding, Execution, Instance, Step, Workflow } from "../../src/workflow/graph.ts";
import type { Json, StepKind } from "../../src/workflow/step.ts";
import { stepKinds } from "./toy_steps.ts";

export interface ToyInstance {
  uses: string | StepKind;
  step?: string;
  axes?: Instance["axes"];
  with?: Record<string, Json>;
  /** `name` or `name.output` or `name.output[2]`; a list for a fan-in. */
  in?: Record<string, string | readonly string[]>;
  needs?: readonly string[];
  execution?: Partial<Execution>;
}

export interface ToyOptions {
  name?: string;
  folder?: string;
  /** References by path; that of a path that ends with .txt is published as one file. */
  publish?: Record<string, string>;
}

const EXECUTION: Execution = {
  retry: 0,
  resources: { cpu: 1, gpu: 0 },
  cache: true,
  device: "exact",
  keep: false,
};

/** Instances by name, in a topological order. */
export function toyWorkflow(
  spec: Readonly<Record<string, ToyInstance>>,
  options: ToyOptions = {},
): Workflow {
  const folder = options.folder ?? "/nowhere";
  const file = `${folder}/${options.name ?? "toy"}.toml`;
  const place = { file, keys: [] };
  const kinds = new Map(stepKinds.map((kind) => [kind.kind, kind]));
  const made = new Map<string, Instance>();
  const bind = (text: string): Binding => {
    const [, instance, output, index] = /^(.+?)(?:\.(\w+))?(?:\[(\d+)\])?$/.exec(text)!;
    const name = made.has(text) ? text : instance;
    const { kind, params } = made.get(name)!;
    const ports = typeof kind.outputs === "function" ? kind.outputs(params) : kind.outputs;
    return {
      instance: name,
      output: made.has(text) ? Object.keys(ports)[0] : output ?? Object.keys(ports)[0],
      ...(index !== undefined && !made.has(text) && { index: Number(index) }),
    };
  };
  for (const [name, entry] of Object.entries(spec)) {
    const kind = typeof entry.uses === "string" ? kinds.get(entry.uses)! : entry.uses;
    made.set(name, {
      name,
      step: entry.step ?? name.split("[")[0],
      axes: entry.axes ?? {},
      kind,
      params: kind.params.parse(Object.assign(Object.create(null), entry.with)) as Record<
        string,
        Json
      >,
      origins: Object.fromEntries(
        Object.keys(entry.with ?? {}).map((key) => [
          key,
          {
            from: "step" as const,
            place: { file, keys: ["steps", name, "with", key] },
          },
        ]),
      ),
      inputs: Object.fromEntries(
        Object.entries(entry.in ?? {}).map((
          [port, input],
        ) => [port, typeof input === "string" ? bind(input) : input.map(bind)]),
      ),
      needs: entry.needs ?? [],
      execution: { ...EXECUTION, ...entry.execution },
    });
  }
  const instances = [...made.values()];
  const steps = [...Map.groupBy(instances, ({ step }) => step)].map(([name, group]): Step => ({
    name,
    kind: group[group.length - 1].kind,
    axes: Object.keys(group[group.length - 1].axes).sort(),
    instances: group,
    place,
  }));
  return {
    name: options.name ?? "toy",
    file,
    folder,
    sources: new Map([[file, 'name = "toy"\n']]),
    params: {},
    steps,
    instances,
    publications: Object.entries(options.publish ?? {}).map(([path, text]) => ({
      path,
      isFile: path.endsWith(".txt"),
      binding: bind(text),
      place,
    })),
    locate: ({ file }) => Promise.resolve({ file, line: 7, column: 1 }),
  };
}
