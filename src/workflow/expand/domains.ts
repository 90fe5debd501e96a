/** Domains of a search's parameters, as a workflow file writes them. */
import type { Domain } from "../search.ts";
import type { Json } from "../step.ts";

export const isWhole = (value: Json | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value);

/**
 * `{ log_uniform = [1e-6, 1e-2], or = 0 }` is a value of the range or the other one, each in half of the trials. A
 * parameter of its own, which no step has, chooses between them.
 */
export function choiceAddress(address: string): string {
  return `${address}?`;
}

/** A domain, or why it is none. */
export function domainOf(table: Readonly<Record<string, Json>>): Domain | string {
  const { or, ...rest } = table;
  const entries = Object.entries(rest);
  if (entries.length !== 1) return "must be one range or choice";
  const [[kind, given]] = entries;
  if (kind === "choice") {
    if (or !== undefined) return "choice takes no or: list the value";
    if (!Array.isArray(given) || given.length === 0) return "choice must be a list of values";
    const texts = given.map((value) => JSON.stringify(value));
    if (new Set(texts).size < texts.length) return "choice lists a value twice";
    return { kind, values: given };
  }
  if (kind !== "uniform" && kind !== "log_uniform" && kind !== "int") {
    return `there is no "${kind}"`;
  }
  const numbers = Array.isArray(given) ? given : [];
  const [low, high] = numbers;
  const isRange = numbers.length === 2 && typeof low === "number" && typeof high === "number" &&
    Number.isFinite(low) && Number.isFinite(high) && low < high;
  if (!isRange) return `${kind} must be two numbers, the smaller first`;
  if (kind === "log_uniform" && low <= 0) return "log_uniform must begin above 0";
  if (kind === "int" && !(isWhole(low) && isWhole(high))) return "int must be two whole numbers";
  return { kind, low, high };
}
