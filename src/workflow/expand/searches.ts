/** `[search.NAME]`: checks each search and the addresses in its space. */
import type { Document, Located, SearchTable } from "../parse/document.ts";
import { isTable } from "../parse/load.ts";
import type { OuterFolds, Place, Search } from "../graph.ts";
import type { Problems } from "../problems.ts";
import {
  type Domain,
  PRUNER_NAMES,
  type PrunerSpec,
  SAMPLER_NAMES,
  type SearchParameter,
} from "../search.ts";
import type { Json } from "../step.ts";
import { didYouMean } from "../suggest.ts";
import type { ExpandedStep } from "./expand.ts";
import { choiceAddress, domainOf, isWhole } from "./domains.ts";
import { valueProblems } from "./parameters.ts";
import { reachOf } from "./reach.ts";
import { readSpaceFile } from "./space_file.ts";
import type { Surroundings } from "./values.ts";

const KEYS = [
  "description",
  "metric",
  "goal",
  "n_trials",
  "sampler",
  "pruner",
  "seed",
  "parallel",
  "space",
  "config_file",
  "outer",
];

const METRIC_EXAMPLE = 'write metric = "STEP.METRIC", such as "train.loss"';

/** Trials of a search, at most: more would fill memory with their results. */
const MOST_TRIALS = 100_000;

type Steps = ReadonlyMap<string, ExpandedStep>;

/** Every search of the file; those with a problem are left out. */
export async function readSearches(
  document: Document,
  steps: Steps,
  around: Surroundings,
): Promise<Search[]> {
  const searches: Search[] = [];
  for (const [name, table] of document.searches) {
    const space = await readSpaceFile(table, steps, around);
    const search = new SearchReader(name, { ...table, space }, document, steps, around.problems)
      .read();
    if (search) searches.push(search);
  }
  return searches;
}

class SearchReader {
  /** Whether a problem was reported. */
  #faulty = false;

  constructor(
    readonly name: string,
    readonly table: SearchTable,
    readonly document: Document,
    readonly steps: Steps,
    readonly problems: Problems,
  ) {}

  read(): Search | undefined {
    for (const [key, { place }] of this.table.keys) {
      if (KEYS.includes(key)) continue;
      const at = place && { ...place, part: "key" as const };
      this.#report(`unknown key "${key}" of a search`, at, didYouMean(key, KEYS));
    }
    const description = this.#get("description", "a text in quotes", isText);
    const metric = this.#metric();
    const goal = this.#choice("goal", ["minimize", "maximize"] as const);
    const nTrials = this.#count("n_trials", 1, MOST_TRIALS);
    const sampler = this.#choice("sampler", SAMPLER_NAMES, "tpe");
    const seed = this.#count("seed", 0, 2 ** 32 - 1, 0);
    const parallel = this.#count("parallel", 1, MOST_TRIALS, 1);
    const pruner = this.#pruner();
    const space = this.#space();
    const outer = this.#outer();
    if (this.#faulty) return undefined;
    return {
      name: this.name,
      ...(description !== undefined && { description }),
      metric: metric!,
      goal: goal!,
      nTrials: nTrials!,
      sampler: sampler!,
      pruner: pruner!,
      seed: seed!,
      parallel: parallel!,
      space: space!,
      reaches: Object.fromEntries(space!.map(({ address, chooses }) => {
        const [table, name] = (chooses?.address ?? address).split(".");
        const own = [{ step: table, parameter: name }];
        return [address, table === "params" ? reachOf(name, this.document) : own];
      })),
      ...(outer && { outer }),
      place: this.table.place,
    };
  }

  #report(message: string, place: Place | undefined, suggestion?: string): undefined {
    this.#faulty = true;
    this.problems.add(message, place, suggestion);
  }

  /** A key's value; undefined where it is absent, and with a problem where it does not fit. */
  #get<T extends Json>(
    key: string,
    rule: string,
    fits: (value: Json) => value is T,
  ): T | undefined {
    const located = this.table.keys.get(key);
    if (located === undefined || fits(located.value)) return located?.value as T | undefined;
    return this.#report(`${key} of a search must be ${rule}`, located.place);
  }

  #required<T>(key: string, value: T | undefined, preset: T | undefined, example: string) {
    if (value !== undefined || this.table.keys.has(key)) return value;
    if (preset !== undefined) return preset;
    return this.#report(`search ${this.name}: ${key} is missing`, this.table.place, example);
  }

  #choice<T extends string>(key: string, names: readonly T[], preset?: T): T | undefined {
    const rule = `one of ${names.join(", ")}`;
    const isOne = (value: Json): value is T => names.some((name) => name === value);
    const value = this.#get(key, rule, isOne);
    const choices = names.map((name) => `"${name}"`).join(" or ");
    return this.#required(key, value, preset, `write ${key} = ${choices}`);
  }

  #count(key: string, least: number, most: number, preset?: number): number | undefined {
    const rule = `a whole number from ${least} to ${most}`;
    const isCount = (value: Json): value is number =>
      isWhole(value) && least <= value && value <= most;
    return this.#required(key, this.#get(key, rule, isCount), preset, `write ${key} = 30`);
  }

  #metric(): Search["metric"] | undefined {
    const text = this.#required(
      "metric",
      this.#get("metric", "a text", isText),
      undefined,
      METRIC_EXAMPLE,
    );
    return text === undefined ? undefined : this.#metricOf(text, "metric");
  }

  #metricOf(text: string, key: string): Search["metric"] | undefined {
    const place = this.table.keys.get(key)!.place;
    const match = /^([^.]+)\.([^.]+)$/.exec(text);
    if (match === null) {
      return this.#report(`"${text}" is no metric of a step`, place, METRIC_EXAMPLE);
    }
    const [, step, name] = match;
    if (this.steps.has(step)) return { step, name };
    return this.#report(`there is no step "${step}"`, place, didYouMean(step, this.steps.keys()));
  }

  #outer(): OuterFolds | undefined {
    const rule = 'a table with axis and metric, such as { axis = "outer", metric = "evaluate.BA" }';
    const table = this.#get("outer", rule, isTable);
    if (table === undefined) return undefined;
    const { axis, metric, ...unknown } = table;
    if (!isText(axis) || !isText(metric) || Object.keys(unknown).length > 0) {
      return this.#report(`outer of a search must be ${rule}`, this.table.keys.get("outer")!.place);
    }
    const found = this.#metricOf(metric, "outer");
    return found && { axis, metric: found };
  }

  #pruner(): PrunerSpec | undefined {
    const { value, place } = this.table.keys.get("pruner") ?? { value: "none" };
    if (value === "none") return { kind: "none" };
    const example = "write pruner = { asha = { min = 1, max = 27, eta = 3 } }";
    const [[kind, given] = [], ...others] = isTable(value) ? Object.entries(value) : [];
    const known = kind === "median" || kind === "asha";
    if (!known || others.length > 0) {
      const rule = `"none", or a table with ${PRUNER_NAMES.slice(1).join(" or ")}`;
      return this.#report(`pruner must be ${rule}`, place, example);
    }
    const { min, max, eta, ...unknown } = isTable(given) ? given : {};
    const fits = isWhole(min) && isWhole(max) && isWhole(eta) && 1 <= min && min <= max &&
      eta >= 2 && Object.keys(unknown).length === 0;
    if (fits) return { kind, stages: { min, max, eta } };
    const rule = "whole numbers min, max and eta, in epochs: 1 <= min <= max, eta at least 2";
    return this.#report(`${kind} requires ${rule}`, place, example);
  }

  #space(): SearchParameter[] | undefined {
    if (this.table.space.size === 0) {
      return this.#report(
        `search ${this.name} has no space`,
        this.table.place,
        `write [search.${this.name}.space] and "STEP.PARAMETER" = { uniform = [0, 1] }`,
      );
    }
    const parameters = new Map<string, SearchParameter>();
    for (const [address, located] of this.table.space) {
      this.#checkAddress(address, located.place);
      for (const parameter of this.#parameters(address, located)) {
        parameters.set(parameter.address, parameter);
      }
    }
    for (const [address, { domain, chooses }] of parameters) {
      if (chooses) this.#checkValues(chooses.address, { kind: "choice", values: [chooses.or] });
      else this.#checkValues(address, domain);
    }
    return this.#faulty ? undefined : this.#order(parameters);
  }

  #checkAddress(address: string, place: Place | undefined): void {
    const at = place && { ...place, part: "key" as const };
    const [table, name, ...more] = address.split(".");
    if (name === undefined || more.length > 0) {
      this.#report(`"${address}" is no STEP.PARAMETER`, at);
    } else if (table === "params") {
      if (this.document.params.has(name)) return;
      const suggestion = didYouMean(name, this.document.params.keys());
      this.#report(`[params] has no "${name}"`, at, suggestion);
    } else {
      const step = this.steps.get(table);
      if (step === undefined) {
        const suggestion = didYouMean(table, ["params", ...this.steps.keys()]);
        this.#report(`there is no step "${table}"`, at, suggestion);
      } else if (step.kind && !Object.hasOwn(step.kind.params.shape, name)) {
        const suggestion = didYouMean(name, Object.keys(step.kind.params.shape));
        this.#report(`unknown parameter "${name}" of ${step.kind.kind}`, at, suggestion);
      }
    }
  }

  /** Two where the domain has another value besides its range. */
  #parameters(address: string, located: Located): SearchParameter[] {
    const parameter = this.#parameter(address, located);
    if (parameter === undefined) return [];
    const or = isTable(located.value) ? located.value.or : undefined;
    if (or === undefined) return [parameter];
    const choice: SearchParameter = {
      address: choiceAddress(address),
      domain: { kind: "choice", values: [true, false] },
      when: parameter.when,
      chooses: { address, or },
    };
    const chosen = { address: choice.address, values: [true] };
    return [choice, { ...parameter, when: [...parameter.when, chosen] }];
  }

  #parameter(address: string, { value, place }: Located): SearchParameter | undefined {
    const { when = {}, ...rest } = isTable(value) ? value : {};
    const domain = domainOf(rest);
    if (typeof domain === "string") {
      return this.#report(
        `${address}: ${domain}`,
        place,
        "write one of { uniform = [0, 1] }, { log_uniform = [1e-5, 1e-2] }, { int = [1, 8] }, " +
          '{ choice = ["a", "b"] }',
      );
    }
    if (!isTable(when)) {
      return this.#report(
        `${address}: when must be a table`,
        place,
        'write when = { "train.optimizer" = "SGD" }',
      );
    }
    const conditions = Object.entries(when).map(([other, allowed]) => ({
      address: other,
      values: Array.isArray(allowed) ? allowed : [allowed],
    }));
    for (const { address: other, values } of conditions) this.#checkCondition(other, values, place);
    return { address, domain, when: conditions };
  }

  #checkCondition(address: string, values: readonly Json[], place: Place | undefined): void {
    const located = this.table.space.get(address);
    if (located === undefined) {
      const suggestion = didYouMean(address, this.table.space.keys());
      this.#report(`when names "${address}", which is not in the space`, place, suggestion);
      return;
    }
    const { when: _, ...rest } = isTable(located.value) ? located.value : {};
    const domain = domainOf(rest);
    if (typeof domain === "string") return;
    if (domain.kind === "uniform" || domain.kind === "log_uniform") {
      this.#report(`when names "${address}", which has no single values`, place);
      return;
    }
    for (const value of values) {
      const has = domain.kind === "choice"
        ? domain.values.some((each) => JSON.stringify(each) === JSON.stringify(value))
        : isWhole(value) && domain.low <= value && value <= domain.high;
      if (has) continue;
      this.#report(`when: "${address}" is never ${JSON.stringify(value)}`, place);
    }
  }

  /** Both ends of a range, and each choice, must be valid by itself. */
  #checkValues(address: string, domain: Domain): void {
    const [table, name] = address.split(".");
    const kind = this.steps.get(table)?.kind;
    if (!kind || !Object.hasOwn(kind.params.shape, name)) return;
    const values = domain.kind === "choice" ? domain.values : [domain.low, domain.high];
    const { place } = this.table.space.get(address)!;
    for (const value of values) {
      for (const { message, suggestion } of valueProblems(kind, name, value)) {
        this.#report(message, place, suggestion);
      }
    }
  }

  /** Each parameter after those that its condition names, else as written. */
  #order(parameters: ReadonlyMap<string, SearchParameter>): SearchParameter[] {
    const ordered: SearchParameter[] = [];
    const add = (parameter: SearchParameter, chain: readonly string[]) => {
      if (ordered.includes(parameter)) return;
      const { address, when } = parameter;
      if (chain.includes(address)) {
        const circle = [...chain.slice(chain.indexOf(address)), address].join(" -> ");
        this.#report(`conditions form a circle: ${circle}`, this.table.space.get(address)?.place);
        return;
      }
      for (const other of when) add(parameters.get(other.address)!, [...chain, address]);
      if (!ordered.includes(parameter)) ordered.push(parameter);
    };
    for (const parameter of parameters.values()) add(parameter, []);
    return ordered;
  }
}

const isText = (value: Json | undefined): value is string =>
  typeof value === "string" && value.trim() !== "";
