/** Step kinds described for people, from their declarations: STEPS.md and `gyrus steps`. */
import type { z } from "zod";
import { pathParametersOf } from "./path_parameter.ts";
import { parameterSchema } from "./schema.ts";
import type { Json, OutputPort, StepKind } from "./step.ts";
import { toml } from "./toml_text.ts";

interface Field {
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
  return columns(byName(kinds).map(({ kind, summary }) => [kind, summary])).join("\n");
}

/** One kind in full, for `gyrus steps NAME`. */
export function stepText(step: StepKind): string {
  const lines = [`${step.kind}: ${step.summary}`];
  if (step.description) lines.push("", step.description.trim());
  const section = (title: string, rows: string[][]) => {
    if (rows.length > 0) lines.push("", title, ...columns(rows).map((line) => `  ${line}`));
  };
  section(
    "Inputs (in.NAME)",
    Object.entries(step.inputs).map(([name, { types, optional, many, description }]) => [
      name,
      types.join(" or ") + (many ? ", one or several" : ""),
      optional ? "optional" : "required",
      description,
    ]),
  );
  section(
    "Parameters (with.NAME)",
    fieldsOf(step).map(({ name, type, value, description }) => [name, type, value, description]),
  );
  section(
    "Outputs",
    outputsOf(step).map(([name, { type, list, description }]) => [
      name,
      list ? `${type}, a list of ${list}` : type,
      description,
    ]),
  );
  return lines.join("\n");
}

function byName(kinds: readonly StepKind[]): StepKind[] {
  return [...kinds].sort((a, b) => a.kind < b.kind ? -1 : 1);
}

/** Cells padded to the widest of their column; wide ones don't push the rest away. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) =>
    Math.min(32, Math.max(...rows.map((cells) => cells[column].length)))
  );
  return rows.map((cells) =>
    cells.map((cell, column) => column === cells.length - 1 ? cell : cell.padEnd(widths[column]))
      .join("  ").trimEnd()
  );
}

/** Outputs whose names depend on parameters: those of the defaults, and of every required choice. */
function outputsOf(step: StepKind): [string, OutputPort][] {
  const { outputs } = step;
  if (typeof outputs !== "function") return Object.entries(outputs);
  let variants: Record<string, unknown>[] = [{}];
  for (const [name, field] of Object.entries(step.params.shape)) {
    const filled = (field as z.ZodType).safeParse(undefined);
    const choices = parameterSchema(field).enum;
    const values = filled.success
      ? [filled.data]
      : Array.isArray(choices)
      ? choices
      : [`<${name}>`];
    variants = variants.flatMap((params) => values.map((value) => ({ ...params, [name]: value })));
  }
  return Object.entries(Object.assign({}, ...variants.map((params) => outputs(params))));
}

function fieldsOf(step: StepKind): Field[] {
  const paths = pathParametersOf(step);
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

type Schema = { readonly [key: string]: Json };

function isSchema(value: Json | undefined): value is Schema {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** A JSON schema in a few words. */
function typeOf(schema: Schema): string {
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
  const least = minimum === undefined
    ? []
    : [exclusiveMinimum === true ? `above ${minimum}` : `from ${minimum}`];
  const most = maximum === undefined
    ? []
    : [exclusiveMaximum === true ? `below ${maximum}` : `to ${maximum}`];
  return [...least, ...most];
}
