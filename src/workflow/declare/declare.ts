/** Joins each step of the document with its kind: what it is set to and what it refers to. */
import { WorkflowError } from "../../errors.ts";
import type { Document, Located, Setting, StepTable } from "../parse/document.ts";
import { executionOf } from "./execution.ts";
import type { Execution, Place } from "../graph.ts";
import { expandMatrices, type Matrix } from "./matrix.ts";
import type { Problems } from "../problems.ts";
import type { StepKind, StepModules } from "../step.ts";
import { didYouMean, suggestParameter } from "../suggest.ts";
import { parseTemplate, type Scope, type Template, wholeParam } from "./template.ts";

/** A user's step: `uses = "./my_step.ts"`, relative to the folder of the file that contains it. */
export type ResolveKind = (specifier: string, folder: string) => Promise<StepKind>;

/** A step with everything that doesn't depend on a point of its matrix. */
export interface Declaration {
  name: string;
  place: Place;
  /** Undefined when `uses` has a problem. */
  kind?: StepKind;
  description?: string;
  matrix: Matrix;
  execution: Execution;
  settings: ReadonlyMap<string, { setting: Setting; template: Template }>;
  inputs: ReadonlyMap<string, { located: Located; template: Template }>;
  needs: readonly { place?: Place; template: Template }[];
}

/** The step kinds that `uses` can name. */
export type KnownKinds = readonly StepKind[] | StepModules;

export async function declareSteps(
  document: Document,
  scope: Scope,
  kinds: KnownKinds,
  resolveKind: ResolveKind | undefined,
  problems: Problems,
): Promise<Map<string, Declaration>> {
  const found = await findKinds(document, kinds, resolveKind, problems);
  const matrices = expandMatrices(document.steps, scope, problems);
  const declarations = new Map<string, Declaration>();
  for (const step of document.steps.values()) {
    const kind = found.get(step.name);
    const matrix = matrices.get(step.name);
    if (matrix === undefined) continue;
    const inside: Scope = { ...scope, axes: matrix.axes, step: step.name };
    declarations.set(step.name, {
      name: step.name,
      place: step.place,
      kind,
      matrix,
      ...executionOf(step, kind, scope, problems),
      settings: settingsOf(step, kind, document, inside, problems),
      inputs: inputsOf(step, kind, inside, problems),
      needs: needsOf(step, inside, problems),
    });
  }
  checkDefaults(document, declarations, problems);
  return declarations;
}

async function findKinds(
  document: Document,
  kinds: KnownKinds,
  resolveKind: ResolveKind | undefined,
  problems: Problems,
): Promise<Map<string, StepKind>> {
  const loaders = loadersOf(kinds);
  const loading = new Map<string, Promise<StepKind>>();
  const found = new Map<string, StepKind>();
  for (const { name, place, uses } of document.steps.values()) {
    if (uses === undefined) {
      problems.add(`step ${name} has no "uses"`, place, 'write uses = "..."');
      continue;
    }
    if (typeof uses.value !== "string") {
      problems.add("uses must be the name of a step kind in quotes", uses.place);
      continue;
    }
    const load = loaders.get(uses.value);
    if (load) {
      found.set(name, await load());
    } else if (!/^\.\.?\//.test(uses.value)) {
      problems.add(
        `unknown step kind "${uses.value}"`,
        uses.place,
        didYouMean(uses.value, loaders.keys()) ?? "gyrus steps lists them",
      );
    } else if (resolveKind === undefined) {
      problems.add(`a user's own step can't be loaded here: ${uses.value}`, uses.place);
    } else {
      const identity = `${uses.folder}\n${uses.value}`;
      const load = loading.get(identity) ?? resolveKind(uses.value, uses.folder);
      loading.set(identity, load);
      try {
        found.set(name, await load);
      } catch (error) {
        if (!(error instanceof WorkflowError)) throw error;
        problems.addIssues(error.issues, uses.place);
      }
    }
  }
  return found;
}

function loadersOf(kinds: KnownKinds): Map<string, () => StepKind | Promise<StepKind>> {
  if (isList(kinds)) return new Map(kinds.map((kind) => [kind.kind, () => kind]));
  return new Map(
    Object.entries(kinds).map(([name, load]) => [name, async () => (await load()).default]),
  );
}

function isList(kinds: KnownKinds): kinds is readonly StepKind[] {
  return Array.isArray(kinds);
}

/** For each parameter the setting of highest precedence. */
function settingsOf(
  step: StepTable,
  kind: StepKind | undefined,
  document: Document,
  scope: Scope,
  problems: Problems,
): Declaration["settings"] {
  const settings = new Map<string, { setting: Setting; template: Template }>();
  const declared = kind && Object.keys(kind.params.shape);
  for (const [name, own] of step.settings) {
    if (declared === undefined || declared.includes(name)) continue;
    for (const { place, from } of own) {
      const option = from === "set" || from === "sweep" ? `--${from} ${step.name}.${name}: ` : "";
      problems.add(
        `${option}unknown parameter "${name}" of ${kind?.kind}`,
        place && { ...place, part: "key" },
        suggestParameter(kind!, name),
      );
      if (from === "sweep") break;
    }
  }
  for (const name of declared ?? step.settings.keys()) {
    const candidates = [
      ...document.defaults.get(name) ?? [],
      ...step.settings.get(name) ?? [],
    ];
    if (candidates.length === 0) continue;
    const winner = candidates.reduce((best, each) =>
      each.layer > best.layer || each.layer === best.layer && !each.general ? each : best
    );
    const template = parseTemplate(winner.value, scope, winner.place, problems);
    settings.set(name, { setting: traced(winner, document), template });
  }
  return settings;
}

/** A value that is nothing but `${params.x}` has the place of x. */
function traced(setting: Setting, document: Document): Setting {
  const seen = new Set<string>();
  let at = setting;
  for (;;) {
    const name = wholeParam(at.value);
    const param = name === undefined ? undefined : document.params.get(name);
    if (name === undefined || param === undefined || seen.has(name)) break;
    seen.add(name);
    at = param;
  }
  return at === setting ? setting : { ...setting, from: at.from, place: at.place };
}

function inputsOf(
  step: StepTable,
  kind: StepKind | undefined,
  scope: Scope,
  problems: Problems,
): Declaration["inputs"] {
  const inputs = new Map<string, { located: Located; template: Template }>();
  const ports = kind && Object.keys(kind.inputs);
  for (const [port, located] of step.inputs) {
    if (ports && !ports.includes(port)) {
      problems.add(
        ports.length === 0
          ? `${kind.kind} has no inputs, so not "${port}" either`
          : `unknown input "${port}" of ${kind.kind}`,
        located.place && { ...located.place, part: "key" },
        didYouMean(port, ports),
      );
    }
    if (typeof located.value !== "string" || located.value === "") {
      problems.add(
        `in.${port} must be a reference in quotes`,
        located.place,
        'such as "step", "step.output" or "step[*]"',
      );
      continue;
    }
    const template = parseTemplate(located.value, scope, located.place, problems);
    inputs.set(port, { located, template });
  }
  for (const port of ports ?? []) {
    if (kind?.inputs[port].optional || step.inputs.has(port)) continue;
    problems.add(
      `step ${step.name} lacks its input ${port}: ${kind?.inputs[port].description}`,
      step.place,
      `write in.${port} = "step"`,
    );
  }
  return inputs;
}

function needsOf(step: StepTable, scope: Scope, problems: Problems): Declaration["needs"] {
  const located = step.keys.get("needs");
  if (located === undefined) return [];
  const { value, place } = located;
  const list = Array.isArray(value) ? value : [value];
  const needs: { place?: Place; template: Template }[] = [];
  list.forEach((item, index) => {
    const at = place && Array.isArray(value) ? { ...place, keys: [...place.keys, index] } : place;
    if (typeof item === "string" && item !== "") {
      needs.push({ place: at, template: parseTemplate(item, scope, at, problems) });
    } else {
      problems.add("needs must be the name of a step or a list of names", at);
    }
  });
  return needs;
}

function checkDefaults(
  document: Document,
  declarations: ReadonlyMap<string, Declaration>,
  problems: Problems,
): void {
  const declared = new Set<string>();
  for (const { kind } of declarations.values()) {
    if (kind === undefined) return; // It might be the step that declares it.
    for (const name of Object.keys(kind.params.shape)) declared.add(name);
  }
  for (const [name, settings] of document.defaults) {
    if (declared.has(name)) continue;
    for (const { place } of settings) {
      problems.add(
        `no step has the parameter "${name}"`,
        place && { ...place, part: "key" },
        didYouMean(name, declared),
      );
    }
  }
}
