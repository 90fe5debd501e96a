/**
 * A workflow as it was read, written as a text. A rerun that has nothing to run reads the text
 * instead of the workflow file: the reader and the steps' schemas take longer to load than the rest
 * of the program.
 *
 * A snapshot is valid only while every text that was read, the options and the program are the same.
 */
import { exactJson } from "../json.ts";
import type { Instance, Step, Workflow } from "./graph.ts";
import { type OutputPort, outputPorts, type Preflight, type StepKind } from "./step.ts";

/** Reading a larger snapshot takes longer than loading the reader. */
const MAX_INSTANCES = 1000;

const HOOKS = ["planNotes", "checkInputs", "estimate"] as const;

export type LoadKind = (name: string) => Promise<StepKind>;

/** The part of a step kind that keys, plans and records use; what it computes is loaded. */
interface KindFacts extends
  Pick<
    StepKind,
    "kind" | "version" | "inputs" | "runs" | "source" | "chain" | "unkeyed" | "pathParameters"
  > {
  /** Names of published outputs whose files the kind writes itself. */
  written: readonly string[];
  preflight?: Pick<Preflight, "reads" | "readsIfKnown">;
  /** Hooks that the kind has. */
  hooks: readonly (typeof HOOKS)[number][];
}

interface StepSnapshot extends Omit<Step, "kind" | "instances"> {
  kind: string;
  execution?: Instance["execution"];
  instances: readonly Omit<Instance, "kind" | "step" | "execution">[];
}

interface WorkflowSnapshot extends Omit<Workflow, "sources" | "steps" | "instances" | "locate"> {
  sources: readonly (readonly [string, string])[];
  kinds: readonly KindFacts[];
  steps: readonly StepSnapshot[];
}

/**
 * One line of JSON. Undefined for a workflow that has more than 1000 instances, steps of a user's
 * own, or numbers that JSON can't express (NaN, infinite, -0).
 */
export function writeSnapshot(workflow: Workflow): string | undefined {
  const { steps, instances, sources, locate: _, ...rest } = workflow;
  const kinds = new Map(steps.map(({ kind }) => [kind.kind, kind]));
  if (instances.length > MAX_INSTANCES) return undefined;
  if ([...kinds.values()].some(({ code }) => code !== undefined)) return undefined;
  const snapshot: WorkflowSnapshot = {
    ...rest,
    sources: [...sources],
    kinds: [...kinds.values()].map((kind) => factsOf(kind, workflow)),
    steps: steps.map(({ kind, instances, ...step }) => ({
      ...step,
      kind: kind.kind,
      execution: instances[0]?.execution,
      instances: instances.map(({ kind: _, step: __, execution: ___, ...own }) => own),
    })),
  };
  return exactJson(snapshot);
}

function factsOf(kind: StepKind, { instances, publications }: Workflow): KindFacts {
  const { kind: name, version, inputs, runs, source, chain, unkeyed, pathParameters } = kind;
  const ports = new Map(
    instances.filter((instance) => instance.kind === kind)
      .map((instance) => [instance.name, outputPorts(kind, instance.params)]),
  );
  const written = publications.filter(({ binding: { instance, output } }) =>
    ports.get(instance)?.[output]?.publish !== undefined
  ).map(({ binding }) => binding.output);
  return {
    kind: name,
    version,
    inputs,
    runs,
    source,
    chain,
    unkeyed,
    pathParameters,
    written: [...new Set(written)],
    preflight: kind.preflight &&
      { reads: kind.preflight.reads, readsIfKnown: kind.preflight.readsIfKnown },
    hooks: HOOKS.filter((hook) => kind[hook] !== undefined),
  };
}

/** The workflow of a snapshot. Step kinds that read the outside world are loaded. */
export async function readSnapshot(text: string, load: LoadKind): Promise<Workflow> {
  const { kinds: facts, steps: written, sources, ...rest }: WorkflowSnapshot = JSON.parse(text);
  const kinds = new Map<string, StepKind>();
  for (const each of facts) {
    kinds.set(each.kind, each.source ? await load(each.kind) : lazyKind(each, load));
  }
  const steps = written.map(({ kind: name, execution, instances, ...step }): Step => {
    const kind = kinds.get(name)!;
    const complete = instances.map((own) => ({
      ...own,
      kind,
      step: step.name,
      execution: execution!,
    }));
    return { ...step, kind, instances: complete };
  });
  const texts = new Map(sources);
  return {
    ...rest,
    sources: texts,
    steps,
    instances: steps.flatMap((step) => step.instances),
    locate: async (place) => (await import("./parse/positions.ts")).locatePlace(texts, place),
  };
}

/** A kind without a schema, which loads the real one to check, to run and to write published files. */
function lazyKind(
  { written, preflight, hooks, ...facts }: KindFacts,
  load: LoadKind,
): StepKind {
  const real = () => load(facts.kind);
  const lazyHooks: Pick<StepKind, (typeof HOOKS)[number]> = {
    planNotes: async (...args) => await (await real()).planNotes!(...args),
    checkInputs: async (...args) => await (await real()).checkInputs!(...args),
    estimate: async (...args) => await (await real()).estimate!(...args),
  };
  return {
    ...facts,
    summary: "",
    get params(): never {
      throw new TypeError(`a snapshot has no schema of ${facts.kind}`);
    },
    outputs: (params) =>
      Object.fromEntries(written.map((name): [string, OutputPort] => [name, {
        type: "",
        description: "",
        publish: async (artifact, target) =>
          await outputPorts(await real(), params)[name].publish!(artifact, target),
      }])),
    ...(preflight && {
      preflight: {
        ...preflight,
        check: async (context) => await (await real()).preflight!.check(context),
      },
    }),
    ...Object.fromEntries(hooks.map((hook) => [hook, lazyHooks[hook]])),
    run: async (context) => await (await real()).run(context),
  };
}
