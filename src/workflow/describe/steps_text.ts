/** Step kinds described for people, from their declarations: STEPS.md and `gyrus steps`. */
import type { z } from "zod";
import { parameterSchema, type Schema } from "./schema.ts";
import type { Json, OutputPort, StepKind } from "../step.ts";
import { toml } from "./toml_text.ts";

export interface Field {
  name: string;
  /** `integer from 2`, `"single" or "rgb"`, `list of 2 integers`. */
  type: string;
  /** `required`, `optional`, or the default in TOML. */
  value: string;
  description: string;
}

/** The reference of all step kinds in Markdown. */
export function stepsMarkdown(kinds: readonly StepKind[]): string {
  const sorted = byName(kinds);
  const parts = [
    "# Steps",
    "",
    "Generated from the step declarations by `deno task docs`; edits here are lost.",
    "",
    ...sorted.map(({ kind, summary }) => `- [\`${kind}\`](#${anchor(kind)}): ${summary}`),
  ];
  for (const step of sorted) parts.push("", ...stepMarkdown(step));
  return `${parts.join("\n")}\n`;
}

/** `caps.open` becomes `capsopen`, as GitHub makes anchors of headings. */
function anchor(kind: string): string {
  return kind.toLowerCase().replace(/[^a-z0-9 _-]/g, "").replaceAll(" ", "-");
}

function stepMarkdown(step: StepKind): string[] {
  const lines = [`## ${step.kind}`, "", step.summary];
  if (step.description) lines.push("", step.description.trim());
  const inputs = Object.entries(step.inputs);
  if (inputs.length > 0) {
    lines.push("", "| input | takes | |", "|---|---|---|");
    for (const [name, { types, optional, many, description }] of inputs) {
      const takes = types.join(" or ") + (many ? ", one or several" : "") +
        (optional ? ", optional" : "");
      lines.push(row([`\`${name}\``, takes, description]));
    }
  }
  const fields = fieldsOf(step);
  if (fields.length > 0) {
    lines.push("", "| parameter | type | default | |", "|---|---|---|---|");
    for (const { name, type, value, description } of fields) {
      const shown = value === "required" || value === "optional" ? value : `\`${value}\``;
      lines.push(row([`\`${name}\``, type, shown, description]));
    }
  }
  lines.push("", "| output | type | |", "|---|---|---|");
  for (const [name, { type, list, description }] of outputsOf(step)) {
    lines.push(row([`\`${name}\``, list ? `${type}, a list of ${list}` : type, description]));
  }
  return lines;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replace(/\s+/g, " ").replaceAll("|", "\\|")).join(" | ")} |`;
}

/** One line a kind, for `gyrus steps`. */
export function stepsList(kinds: readonly StepKind[]): string {
  const width = Math.max(...kinds.map(({ kind }) => kind.length));
  return byName(kinds).map(({ kind, summary }) => `${kind.padEnd(width)}  ${summary}`).join("\n");
}

/** One kind in full, for `gyrus steps NAME`. */
export function stepText(step: StepKind): string {
  const lines = [`${step.kind}: ${step.summary}`];
  if (step.description) lines.push("", step.description.trim());
  const section = (title: string, rows: readonly (readonly [string, string])[]) => {
    if (rows.length === 0) return;
    lines.push("", title);
    for (const [head, description] of rows) lines.push(`  ${head}`, `      ${description}`);
  };
  section(
    "Inputs (in.NAME)",
    Object.entries(step.inputs).map(([name, { types, optional, many, description }]) => [
      `${name}: ${types.join(" or ")}${many ? ", one or several" : ""}, ${
        optional ? "optional" : "required"
      }`,
      description,
    ]),
  );
  section(
    "Parameters (with.NAME)",
    fieldsOf(step).map(({ name, type, value, description }) => {
      const given = value === "required" || value === "optional" ? value : `default ${value}`;
      return [`${name}: ${type}, ${given}`, description];
    }),
  );
  section(
    "Outputs",
    outputsOf(step).map(([name, { type, list, description }]) => [
      `${name}: ${list ? `${type}, a list of ${list}` : type}`,
      description,
    ]),
  );
  return lines.join("\n");
}

function byName(kinds: readonly StepKind[]): StepKind[] {
  return [...kinds].sort((a, b) => a.kind < b.kind ? -1 : 1);
}

/**
 * Outputs that depend on parameters are those of the defaults; of a choice that has no default those
 * of each value, with the values that give them.
 */
export function outputsOf(step: StepKind): [string, OutputPort][] {
  const { outputs } = step;
  if (typeof outputs !== "function") return Object.entries(outputs);
  const { defaults, choice } = defaultsOf(step);
  if (choice === undefined) return Object.entries(outputs(defaults));
  const found = new Map<string, { port: OutputPort; name: string; values: Json[] }>();
  for (const value of choice.values) {
    for (const [name, port] of Object.entries(outputs({ ...defaults, [choice.name]: value }))) {
      const known = found.get(`${name} ${port.type}`);
      if (known) known.values.push(value);
      else found.set(`${name} ${port.type}`, { port, name, values: [value] });
    }
  }
  return [...found.values()].map(({ port, name, values }) => {
    if (values.length === choice.values.length) return [name, port];
    const when = values.map((value) => toml(value)).join(" or ");
    return [name, { ...port, description: `${port.description} With ${choice.name} = ${when}.` }];
  });
}

/** Outputs of a step whose parameters are written in part; defaults stand for the others. */
export function outputsFor(
  step: StepKind,
  params: Readonly<Record<string, Json>>,
): Readonly<Record<string, OutputPort>> {
  const { outputs } = step;
  return typeof outputs === "function"
    ? outputs({ ...defaultsOf(step).defaults, ...params })
    : outputs;
}

/** Values of all parameters, `<name>` for those without default, and the first choice without one. */
function defaultsOf(step: StepKind) {
  const defaults: Record<string, unknown> = {};
  let choice: { name: string; values: readonly Json[] } | undefined;
  for (const [name, field] of Object.entries(step.params.shape)) {
    const filled = (field as z.ZodType).safeParse(undefined);
    const values = parameterSchema(field).enum;
    defaults[name] = filled.success ? filled.data : `<${name}>`;
    if (!filled.success && Array.isArray(values)) choice ??= { name, values };
  }
  return { defaults, choice };
}

export function fieldsOf(step: StepKind): Field[] {
  const paths = step.pathParameters;
  return Object.entries(step.params.shape).map(([name, field]) => {
    const schema = parameterSchema(field);
    const optional = (field as z.ZodType).safeParse(undefined).success;
    return {
      name,
      type: paths.includes(name)
        ? (schema.type === "array" ? "list of paths" : "path")
        : typeOf(schema),
      value: schema.default !== undefined
        ? toml(schema.default)
        : optional
        ? "optional"
        : "required",
      description: typeof schema.description === "string" ? schema.description : "",
    };
  });
}

export function isSchema(value: Json | undefined): value is Schema {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** A JSON schema in a few words. */
export function typeOf(schema: Schema): string {
  const { type, enum: values, items } = schema;
  if (Array.isArray(values)) return values.map(toml).join(" or ");
  const branches = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(branches)) {
    return [...new Set(branches.filter(isSchema).map(typeOf))].join(" or ");
  }
  if (Array.isArray(type)) {
    return type.map((each) => typeOf({ ...schema, type: each })).join(" or ");
  }
  switch (type) {
    case "integer":
    case "number":
      return [type === "integer" ? "integer" : "number", ...limitsOf(schema)].join(" ");
    case "boolean":
      return "true or false";
    case "string":
      return "text";
    case "array": {
      const { minItems, maxItems } = schema;
      const count = minItems !== undefined && minItems === maxItems ? `${minItems} ` : "";
      return `list of ${count}${isSchema(items) ? typeOf(items) : "values"}`;
    }
    case "object":
      return isSchema(schema.properties)
        ? `table of ${Object.keys(schema.properties).join(", ")}`
        : "table";
    default:
      return "any value";
  }
}

function limitsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string[] {
  const limits: [string, Json | undefined][] = [
    ["from", minimum],
    ["above", exclusiveMinimum],
    ["to", maximum],
    ["below", exclusiveMaximum],
  ];
  return limits.flatMap(([word, limit]) => limit === undefined ? [] : [`${word} ${limit}`]);
}
