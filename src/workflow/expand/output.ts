/** Chooses the output of a step that a reference means, and explains why there is none. */
import type { Reference } from "../reference.ts";
import type { InputPort, OutputPort } from "../step.ts";
import { didYouMean } from "../suggest.ts";

export type OutputPorts = Readonly<Record<string, OutputPort>>;

/** The port that takes the output, with its name. */
export interface TargetPort {
  name: string;
  port: InputPort;
}

/** Why a reference means no output that fits. `fitting` are names of outputs that do. */
export type Mismatch =
  | { cause: "no outputs" }
  | { cause: "unknown output" }
  | { cause: "several fit"; fitting: readonly string[] }
  | { cause: "none fits" }
  | { cause: "not a list"; name: string }
  | { cause: "wrong type"; name: string; fitting: readonly string[] }
  | { cause: "beyond the end"; name: string; length: number };

/**
 * The named output; without a name the only one, or the only one whose type fits.
 *
 * @param target any output fits when it is undefined
 * @returns the output's name, or why there is none
 */
export function resolveOutput(
  outputs: OutputPorts,
  { output, index }: Reference,
  target: TargetPort | undefined,
): string | Mismatch {
  const names = Object.keys(outputs);
  if (output !== undefined && !names.includes(output)) return { cause: "unknown output" };
  const fitting = names.filter((name) => {
    const type = index === undefined ? outputs[name].type : outputs[name].list;
    return type !== undefined && (target === undefined || target.port.types.includes(type));
  });
  if (output === undefined && fitting.length > 1) return { cause: "several fit", fitting };
  const only = names.length === 1 ? names[0] : undefined;
  const name = output ?? fitting[0] ?? only;
  if (name === undefined) return { cause: names.length === 0 ? "no outputs" : "none fits" };
  const { list, length } = outputs[name];
  if (!fitting.includes(name)) {
    const isList = index === undefined || list !== undefined;
    return isList ? { cause: "wrong type", name, fitting } : { cause: "not a list", name };
  }
  if (index !== undefined && length !== undefined && index >= length) {
    return { cause: "beyond the end", name, length };
  }
  return name;
}

/** The message of a mismatch, and what to write instead. */
export function explainMismatch(
  mismatch: Mismatch,
  outputs: OutputPorts,
  { step, output, index }: Reference,
  target: TargetPort | undefined,
): { message: string; suggestion?: string } {
  const accepted = `in.${target?.name}`;
  const types = target?.port.types ?? [];
  switch (mismatch.cause) {
    case "no outputs":
      return { message: `${step} has no outputs` };
    case "unknown output":
      return {
        message: `${step} has no output "${output}"`,
        suggestion: didYouMean(output!, Object.keys(outputs)),
      };
    case "several fit":
      return {
        message: `${step} has several outputs that fit: ${mismatch.fitting.join(", ")}`,
        suggestion: `write "${step}.${mismatch.fitting[0]}"`,
      };
    case "none fits":
      return {
        message: `no output of ${step} fits ${accepted}, which takes ${types.join(" or ")}`,
        suggestion: `outputs: ${
          Object.entries(outputs).map(([name, { type }]) => `${name} (${type})`).join(", ")
        }`,
      };
    case "not a list":
      return {
        message: `${step}.${mismatch.name} is not a list, so [${index}] can't be taken of it`,
      };
    case "beyond the end":
      return {
        message:
          `${step}.${mismatch.name} has ${mismatch.length} elements, so there is no [${index}]`,
        suggestion: `they are counted from 0: the last is [${mismatch.length - 1}]`,
      };
    case "wrong type": {
      const { name, fitting } = mismatch;
      const { type, list } = outputs[name];
      const elementFits = index === undefined && list !== undefined && types.includes(list);
      const suggestion = elementFits
        ? `pick an element: "${step}.${name}[0]"`
        : fitting.length > 0
        ? `did you mean "${step}.${fitting[0]}"?`
        : undefined;
      return {
        message: `${step}.${name} is of type ${
          index === undefined ? type : list
        }, but ${accepted} takes ${types.join(" or ")}`,
        suggestion,
      };
    }
  }
}
