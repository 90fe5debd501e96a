/** Checks a step's parameters against its schema and explains every problem. */
import type { z } from "zod";
import { resolve } from "../paths.ts";
import type { Json, StepKind } from "../step.ts";
import { didYouMean, suggestParameter } from "../suggest.ts";

export type Params = Readonly<Record<string, Json>>;

export interface ParamProblem {
  /** Address inside the parameters; empty for the step itself. */
  path: readonly (string | number)[];
  /** Whether the name has the problem, not the value. */
  key?: boolean;
  message: string;
  suggestion?: string;
}

/** Validated parameters with defaults filled in and paths made absolute, or what is wrong. */
export function validateParams(
  kind: StepKind,
  given: Params,
  folder: string,
): { params: Params } | { problems: readonly ParamProblem[] } {
  // Compiling a validator would take longer than a usual workflow's few validations.
  // Without a prototype: zod would take an inherited `toString` for a value of that parameter.
  const own = Object.assign(Object.create(null), given);
  const result = kind.params.safeParse(own, { jitless: true });
  if (!result.success) {
    return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, given, kind)) };
  }
  const params = { ...result.data } as Record<string, Json>;
  for (const name of kind.pathParameters) {
    if (params[name] !== undefined) params[name] = absolute(params[name], folder);
  }
  const problems = (kind.checkParams?.(params) ?? []).map((
    { parameter, message, suggestion },
  ): ParamProblem => ({
    path: parameter === undefined ? [] : [parameter],
    message,
    suggestion,
  }));
  return problems.length > 0 ? { problems } : { params: Object.freeze(params) };
}

/** What is wrong with a value of a parameter, whatever the others are. */
export function valueProblems(kind: StepKind, name: string, value: Json): ParamProblem[] {
  const result = kind.params.shape[name].safeParse(value, { jitless: true });
  const issues: readonly z.core.$ZodIssue[] = result.error?.issues ?? [];
  return issues.flatMap((issue) =>
    problemsOf({ ...issue, path: [name, ...issue.path] }, { [name]: value }, kind)
  );
}

function absolute(value: Json, folder: string): Json {
  if (typeof value === "string") return resolve(folder, value);
  return Array.isArray(value) ? value.map((item) => absolute(item, folder)) : value;
}

const nouns: Readonly<Record<string, string>> = {
  string: "a text in quotes",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a table",
  record: "a table",
  null: "null",
};

function problemsOf(issue: z.core.$ZodIssue, given: Params, kind: StepKind): ParamProblem[] {
  const path = issue.path.filter((key) => typeof key !== "symbol");
  const value = valueAt(given, path);
  const name = `${spelling(path)} of ${kind.kind}`;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key],
      key: true,
      message: path.length === 0
        ? `unknown parameter "${key}" of ${kind.kind}`
        : `unknown key "${key}" in ${name}`,
      suggestion: path.length === 0 ? suggestParameter(kind, key) : undefined,
    }));
  }
  if (path.length === 0) return [{ path, message: `${kind.kind}: ${issue.message}` }];
  if (value === undefined) {
    const description = path.length === 1
      ? kind.params.shape[path[0]]?.meta()?.description
      : undefined;
    return [{
      path: path.slice(0, -1),
      message: `parameter ${name} is missing`,
      suggestion: description,
    }];
  }
  const [rule, suggestion] = ruleOf(issue, value);
  return [{ path, message: `${name} ${rule}; it is ${shown(value)}`, suggestion }];
}

/** The rest of the sentence whose subject is the parameter's name. */
function ruleOf(issue: z.core.$ZodIssue, value: Json): [string, string?] {
  switch (issue.code) {
    case "invalid_type":
      return [`must be ${nouns[issue.expected] ?? issue.expected}`];
    case "invalid_value": {
      // A parameter may have a reason of its own to refuse a value.
      if (!issue.message.startsWith("Invalid ")) return [issue.message];
      const values = issue.values.map(shown);
      const suggestion = typeof value === "string"
        ? didYouMean(value, issue.values.filter((each) => typeof each === "string"))
        : undefined;
      const rule = values.length === 1
        ? `must be ${values[0]}`
        : `must be one of ${values.join(", ")}`;
      return [rule, suggestion?.startsWith("did") ? suggestion : undefined];
    }
    case "too_small":
      return [sizeRule(issue.origin, issue.minimum, "least", issue.inclusive, issue.exact)];
    case "too_big":
      return [sizeRule(issue.origin, issue.maximum, "most", issue.inclusive, issue.exact)];
    case "not_multiple_of":
      return [`must be a multiple of ${issue.divisor}`];
    case "invalid_union":
      return [unionRule(issue.errors, value)];
    case "invalid_format":
      return [
        issue.pattern ? `must have the form ${issue.pattern}` : `must be a valid ${issue.format}`,
      ];
    default:
      return [`is not right: ${issue.message}`];
  }
}

function sizeRule(
  origin: string,
  limit: number | bigint,
  bound: "least" | "most",
  inclusive?: boolean,
  exact?: boolean,
): string {
  if (origin === "string" || origin === "array" || origin === "set") {
    const unit = `${origin === "string" ? "character" : "element"}${
      Number(limit) === 1 ? "" : "s"
    }`;
    return `must have ${exact ? "exactly" : `at ${bound}`} ${limit} ${unit}`;
  }
  if (inclusive === false) return `must be ${bound === "least" ? "greater" : "less"} than ${limit}`;
  return `must be at ${bound} ${limit}`;
}

/** The rule of the union's branch that comes nearest, or of all branches. */
function unionRule(branches: readonly (readonly z.core.$ZodIssue[])[], value: Json): string {
  const types: string[] = [];
  const literals: string[] = [];
  for (const issues of branches) {
    const root = issues.find((issue) => issue.path.length === 0);
    if (root?.code === "invalid_type") {
      types.push(nouns[root.expected] ?? root.expected);
    } else if (root?.code === "invalid_value") {
      literals.push(...root.values.map(shown));
    } else if (issues.length > 0) {
      const inner = issues[0].path.filter((key) => typeof key !== "symbol");
      const rule = ruleOf(issues[0], valueAt(value, inner) ?? null)[0];
      return inner.length === 0 ? rule : `${rule} at ${spelling(inner)}`;
    }
  }
  if (types.length === 0) return `must be one of ${literals.join(", ")}`;
  return `must be ${[...new Set([...types, ...literals])].join(" or ")}`;
}

function valueAt(value: Json | undefined, path: readonly (string | number)[]): Json | undefined {
  let at: unknown = value;
  for (const key of path) {
    if (at === null || typeof at !== "object" || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at as Json | undefined;
}

/** `discarded_slices[1]`, `transforms.flip`. */
function spelling(path: readonly (string | number)[]): string {
  return path.map((key, index) =>
    typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`
  ).join("");
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
