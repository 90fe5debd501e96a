/**
 * `--save-as`: the workflow file with `--set` and `--sweep` written into it, so
 * that an experiment is never only on a command line. Edits are made in the
 * text, which keeps comments, order and layout.
 */
import { isDeepStrictEqual } from "node:util";
import type { AST } from "toml-eslint-parser";
import { WorkflowError } from "../../errors.ts";
import type { Workflow } from "../graph.ts";
import { parseOverrides } from "../parse/overrides.ts";
import { parseToml, tomlTree } from "../parse/toml.ts";
import { resolve } from "../paths.ts";
import { Problems } from "../problems.ts";
import { type ReadOptions, readUtf8, readWithRenames, readWorkflow } from "../read.ts";
import type { Json } from "../step.ts";
import { toml, tomlKey } from "./toml_text.ts";

/**
 * The text to save. Includes stay includes, so it belongs into the same folder.
 *
 * @throws {WorkflowError} when the file or the options have a problem
 */
export async function workflowTextWith(path: string, options: ReadOptions): Promise<string> {
  const { workflow, renamed } = await readWithRenames(path, options);
  let text = workflow.sources.get(resolve(path)) ?? "";
  const problems = new Problems();
  for (
    const { option, table, name, value } of parseOverrides(
      options.set ?? [],
      options.sweep ?? [],
      problems,
    )
  ) {
    if (table === "params") {
      text = withValue(text, ["params", name], value);
    } else if (option === "--set") {
      text = withValue(text, ["steps", table, "with", name], value);
    } else {
      const axes = axesInFile(workflow, table, name);
      for (const [axis, values] of axes) {
        text = withValue(text, ["steps", table, "matrix", axis], values);
      }
      text = withValue(text, ["steps", table, "matrix", name], value);
      text = withValue(text, ["steps", table, "with", name], `\${matrix.${name}}`);
    }
  }
  for (const [from, to] of renamed) text = withKey(text, ["publish", from], to);
  await checkSame(workflow, text, options);
  return text;
}

/** @throws {WorkflowError} when the text does not mean what the options did */
async function checkSame(workflow: Workflow, text: string, options: ReadOptions): Promise<void> {
  const readText = (path: string) => {
    const known = path === workflow.file ? text : workflow.sources.get(path);
    return known === undefined ? (options.readText ?? readUtf8)(path) : Promise.resolve(known);
  };
  const { kinds, resolveKind, fileTypes } = options;
  let saved: Workflow;
  try {
    saved = await readWorkflow(workflow.file, { kinds, resolveKind, fileTypes, readText });
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error;
    throw unsayable(error.issues[0].message);
  }
  const same = saved.instances.length === workflow.instances.length &&
    saved.instances.every(({ name, params, inputs }, index) => {
      const expected = workflow.instances[index];
      return name === expected.name && isDeepStrictEqual([params, inputs], [
        expected.params,
        expected.inputs,
      ]);
    });
  if (!same) throw unsayable("an included file overrides it");
}

function unsayable(reason: string): WorkflowError {
  return new WorkflowError([{
    message: `the options can't be written into the file so that it means the same: ${reason}`,
    suggestion: "edit the included files",
  }]);
}

/**
 * A step's matrix comes from the last file that has one. When that is an include, writing
 * one axis here would hide the others, so they are repeated.
 */
function axesInFile(workflow: Workflow, name: string, swept: string): [string, Json][] {
  const step = workflow.steps.find((each) => each.name === name);
  const written = parseToml(workflow.sources.get(workflow.file) ?? "") as {
    steps?: Record<string, { matrix?: Json }>;
  };
  if (step === undefined || written.steps?.[name]?.matrix !== undefined) return [];
  return step.axes.filter((axis) => axis !== swept).map((axis) => [
    axis,
    [...new Set(step.instances.map(({ axes }) => axes[axis]))],
  ]);
}

type Keys = readonly (string | number)[];

/** The text with a value put at an address: in its place if it is written, else where it belongs. */
export function withValue(text: string, keys: readonly string[], value: Json): string {
  const expected = changed(parseToml(text) as Record<string, Json>, keys, value);
  const outlet = outletFor(text, keys);
  const edited = edit(text, outlet, keys, value);
  if (!isDeepStrictEqual(plain(parseToml(edited)), plain(expected))) {
    throw new WorkflowError([{
      message: `${keys.join(".")} can't be written into the file`,
      suggestion: "edit the file and save again",
    }]);
  }
  return edited;
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function changed(table: Record<string, Json>, keys: readonly string[], value: Json) {
  const copy = structuredClone(table) as Record<string, unknown>;
  let at = copy;
  for (const key of keys.slice(0, -1)) {
    const inner = Object.hasOwn(at, key) ? at[key] : {};
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) {
      throw new WorkflowError([{
        message: `${keys.join(".")} can't be written: ${key} is no table`,
      }]);
    }
    at[key] = inner;
    at = inner as Record<string, unknown>;
  }
  at[keys[keys.length - 1]] = value;
  return copy;
}

type Outlet =
  | { kind: "value"; node: AST.TOMLContentNode }
  | { kind: "inline"; node: AST.TOMLInlineTable; depth: number }
  | { kind: "table"; end: number; depth: number }
  | { kind: "new" };

/** The value itself, or else the innermost table around it, after its nearest relative. */
function outletFor(text: string, keys: readonly string[]): Outlet {
  let best: Outlet = { kind: "new" };
  let bestDepth = 0;
  const consider = (outlet: Outlet, depth: number) => {
    if (depth >= bestDepth) [best, bestDepth] = [outlet, depth];
  };
  const visit = (pair: AST.TOMLKeyValue, prefix: Keys) => {
    const full = [...prefix, ...pair.key.keys.map(keyName)];
    const differs = full.findIndex((key, index) => key !== keys[index]);
    if (differs > prefix.length) {
      // A dotted key of the same table: `with.x` belongs below `with.y`.
      consider({ kind: "table", end: pair.range[1], depth: prefix.length }, differs);
    }
    if (differs >= 0) return;
    if (full.length === keys.length) {
      consider({ kind: "value", node: pair.value }, full.length + 1);
    } else if (pair.value.type === "TOMLInlineTable") {
      consider({ kind: "inline", node: pair.value, depth: full.length }, full.length);
      for (const inner of pair.value.body) visit(inner, full);
    }
  };
  for (const node of tomlTree(text).body) {
    if (node.type === "TOMLKeyValue") {
      visit(node, []);
      continue;
    }
    const { length } = node.resolvedKey;
    if (length < keys.length && node.resolvedKey.every((key, index) => key === keys[index])) {
      const last = node.body[node.body.length - 1] ?? node.key;
      consider({ kind: "table", end: last.range[1], depth: length }, length);
    }
    for (const pair of node.body) visit(pair, node.resolvedKey);
  }
  return best;
}

function keyName(part: AST.TOMLBare | AST.TOMLQuoted): string {
  return part.type === "TOMLBare" ? part.name : part.value;
}

function edit(text: string, outlet: Outlet, keys: readonly string[], value: Json): string {
  if (outlet.kind === "value") {
    return splice(text, outlet.node.range, toml(value));
  }
  if (outlet.kind === "new") {
    // A step has a header of its own; anything else the header of its first key.
    const depth = keys[0] === "steps" ? 2 : 1;
    const header = keys.slice(0, depth).map(tomlKey).join(".");
    const gap = text === "" || text.endsWith("\n") ? "" : "\n";
    return `${text}${gap}\n[${header}]\n${pairText(keys.slice(depth), value)}\n`;
  }
  const written = pairText(keys.slice(outlet.depth), value);
  if (outlet.kind === "inline") {
    const { body, range } = outlet.node;
    if (body.length === 0) return splice(text, range, `{ ${written} }`);
    const end = body[body.length - 1].range[1];
    return splice(text, [end, end], `, ${written}`);
  }
  const newline = text.indexOf("\n", outlet.end);
  const end = newline < 0 ? text.length : newline;
  return splice(text, [end, end], `\n${written}`);
}

function pairText(keys: readonly string[], value: Json): string {
  return `${keys.map(tomlKey).join(".")} = ${toml(value)}`;
}

/** Renames a key where it is written. */
function withKey(text: string, keys: readonly string[], name: string): string {
  for (const node of tomlTree(text).body) {
    const [prefix, pairs]: [Keys, AST.TOMLKeyValue[]] = node.type === "TOMLTable"
      ? [node.resolvedKey, node.body]
      : [[], [node]];
    for (const pair of pairs) {
      const full = [...prefix, ...pair.key.keys.map(keyName)];
      if (!isDeepStrictEqual(full, keys)) continue;
      return splice(text, pair.key.keys[pair.key.keys.length - 1].range, tomlKey(name));
    }
  }
  return text;
}

function splice(text: string, [start, end]: readonly [number, number], by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}
