/** Spaces of parameters: their values from numbers in [0, 1), and which of them a trial has. */
import type { Domain, Json, SearchParameter } from "../workflow/search.ts";

export type { Domain, SearchParameter } from "../workflow/search.ts";

/** Values of a trial by the parameters' addresses, such as `train.dropout`; only those that are active. */
export type Assignment = Readonly<Record<string, Json>>;

/**
 * The value at a place of a domain.
 *
 * @param unit in [0, 1): the share of the domain below the value
 */
export function valueAt(domain: Domain, unit: number): Json {
  switch (domain.kind) {
    case "choice":
      return domain.values[Math.min(domain.values.length - 1, unit * domain.values.length | 0)];
    case "int": {
      const count = domain.high - domain.low + 1;
      return Math.min(domain.high, domain.low + Math.floor(unit * count));
    }
    case "uniform":
      return within(domain, domain.low + unit * (domain.high - domain.low));
    case "log_uniform": {
      const low = Math.log(domain.low);
      return within(domain, Math.exp(low + unit * (Math.log(domain.high) - low)));
    }
  }
}

/** Rounding must not lead out of a range. */
export function within({ low, high }: { low: number; high: number }, value: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Whether trials differ in a parameter: a choice of one value is a setting. */
export function isVaried({ domain }: SearchParameter): boolean {
  return domain.kind !== "choice" || domain.values.length > 1;
}

/** Whether a trial with the values of the parameters before it has this one. */
export function isActive({ when }: SearchParameter, values: Assignment): boolean {
  return when.every(({ address, values: allowed }) =>
    Object.hasOwn(values, address) && allowed.some((value) => sameValue(value, values[address]))
  );
}

/** Position of a value in a list of choices; -1 where it is none of them. */
export function choiceIndex(values: readonly Json[], value: Json): number {
  return values.findIndex((each) => sameValue(each, value));
}

function sameValue(a: Json, b: Json): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Values of the active parameters.
 *
 * @param parameters each after those that its condition names
 * @param value the value of the parameter with that index
 */
export function assign(
  parameters: readonly SearchParameter[],
  value: (parameter: SearchParameter, index: number) => Json,
): Assignment {
  const values: Record<string, Json> = {};
  parameters.forEach((parameter, index) => {
    if (isActive(parameter, values)) values[parameter.address] = value(parameter, index);
  });
  return values;
}
