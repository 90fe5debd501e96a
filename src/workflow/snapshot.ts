/**
 * A workflow as it was read, kept as a text: a rerun with nothing to do then needs neither the reader
 * nor its steps' schemas, which take longer to load than all the rest of the program.
 *
 * It may stand in only while every text that was read, the options and the program are the same.
 */
import type { Instance, Step, Workflow } from "./graph.ts";
import { pathParametersOf, setPathParameters } from "./path_names.ts";
import type { OutputPort, StepKind } from "./step.ts";

/** Reading more than these takes longer than loading the reader. */
const MOST_INSTANCES = 1000;

export type LoadKind = (name: string) => Promise<StepKind>;

/** What keys, plans and records take from a step kind. */
interface KindFacts
  extends Pick<StepKind, "kind" | "version" | "inputs" | "runs" | "source" | "chain" | "unkeyed"> {
  /** Names of the parameters that are paths. */
  paths: readonly string[];
  /** Names of published outputs whose files the kind writes itself. */
  written: readonly string[];
}

interface KeptStep extends Omit<Step, "kind" | "instances"> {
  kind: string;
  execution?: Instance["execution"];
  instances: readonly Omit<Instance, "kind" | "step" | "execution">[];
}

interface KeptWorkflow extends Omit<Workflow, "sources" | "steps" | "instances" | "locate"> {
  sources: readonly (readonly [string, string])[];
  kinds: readonly KindFacts[];
  steps: readonly KeptStep[];
}

/** Undefined where a workflow can't be kept: it is large, or has steps of one's own or odd numbers. */
export function keepWorkflow(workflow: Workflow): string | undefined {
  const { steps, instances, sources, locate: _, ...rest } = workflow;
  const kinds = new Map(steps.map(({ kind }) => [kind.kind, kind]));
  if (instances.length > MOST_INSTANCES) return undefined;
  if ([...kinds.values()].some(({ code }) => code !== undefined)) return undefined;
  const kept: KeptWorkflow = {
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
  let odd = false;
  const text = JSON.stringify(kept, (_, value) => {
    odd ||= typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0));
    return value;
  });
  return odd ? undefined : text;
}

function factsOf(kind: StepKind, { instances, publications }: Workflow): KindFacts {
  const { kind: name, version, inputs, runs, source, chain, unkeyed } = kind;
  const own = new Map(
    instances.filter((instance) => instance.kind === kind)
      .map((instance) => [instance.name, portsOf(kind, instance.params)]),
  );
  const written = publications.filter(({ binding: { instance, output } }) =>
    own.get(instance)?.[output]?.publish !== undefined
  ).map(({ binding }) => binding.output);
  const paths = pathParametersOf(kind);
  return {
    kind: name,
    version,
    inputs,
    runs,
    source,
    chain,
    unkeyed,
    paths,
    written: [...new Set(written)],
  };
}

function portsOf(
  { outputs }: StepKind,
  params: Record<string, unknown>,
): Readonly<Record<string, OutputPort>> {
  return typeof outputs === "function" ? outputs(params) : outputs;
}

/** The workflow that a text keeps. Step kinds that look at the outside world are loaded. */
export async function recallWorkflow(text: string, load: LoadKind): Promise<Workflow> {
  const { kinds: facts, steps: kept, sources, ...rest }: KeptWorkflow = JSON.parse(text);
  const kinds = new Map<string, StepKind>();
  for (const each of facts) {
    kinds.set(each.kind, each.source ? await load(each.kind) : standIn(each, load));
  }
  const steps = kept.map(({ kind: name, execution, instances, ...step }): Step => {
    const kind = kinds.get(name)!;
    const whole = instances.map((own) => ({
      ...own,
      kind,
      step: step.name,
      execution: execution!,
    }));
    return { ...step, kind, instances: whole };
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

/** A kind that loads the real one when it is to run or to write files; it validates nothing. */
function standIn({ paths, written, ...facts }: KindFacts, load: LoadKind): StepKind {
  const kind: StepKind = {
    ...facts,
    summary: "",
    get params(): never {
      throw new TypeError(`the schema of ${facts.kind} was not kept`);
    },
    outputs: (params) =>
      Object.fromEntries(written.map((name): [string, OutputPort] => [name, {
        type: "",
        description: "",
        publish: async (artifact, target) =>
          await portsOf(await load(facts.kind), params)[name].publish!(artifact, target),
      }])),
    run: async (context) => await (await load(facts.kind)).run(context),
  };
  setPathParameters(kind, paths);
  return kind;
}
