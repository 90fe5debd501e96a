/** The import lines of one module, found by parsing it. */
import { extname } from "node:path";
import { type Expression, parse } from "@babel/parser";
import type { Issue, Location } from "../../errors.ts";

export interface Import {
  specifier: string;
  /** The `type` import attribute. */
  attribute?: string;
  location: Location;
}

/** Where a syntax node is, and its parts. */
interface SyntaxNode {
  type: string;
  loc?: Expression["loc"];
}

/**
 * Reads the static imports of a module, without those of types alone.
 *
 * @param file absolute path, for messages; its extension tells TypeScript from JavaScript
 * @returns also an issue for each dynamic import, and the one of a text that can't be parsed
 */
export function readImports(file: string, text: string): { imports: Import[]; issues: Issue[] } {
  const at = (loc: Expression["loc"], length?: number): Location => {
    const { line = 1, column = 0 } = loc?.start ?? {};
    return { file, line, column: column + 1, length, excerpt: text.split("\n")[line - 1] };
  };
  try {
    const { program } = parse(text, {
      sourceType: "module",
      plugins: extname(file).endsWith("ts") ? ["typescript"] : [],
      createImportExpressions: true,
    });
    const issues = [...dynamicImports(program)].map(({ loc }) => ({
      message: "a step must not import while it runs",
      location: at(loc, "import".length),
      suggestion: "write the import at the top of the module",
    }));
    const imports = program.body.flatMap((node) => {
      const typeOnly = ("importKind" in node && node.importKind === "type") ||
        ("exportKind" in node && node.exportKind === "type");
      if (typeOnly || !("source" in node) || !node.source) return [];
      const { source, attributes } = node;
      const type = attributes?.find(({ key }) =>
        (key.type === "Identifier" ? key.name : key.value) === "type"
      );
      return [{
        specifier: source.value,
        attribute: type?.value.value,
        location: at(source.loc, source.value.length + 2),
      }];
    });
    return { imports, issues };
  } catch (error) {
    return { imports: [], issues: [syntaxIssue(error, at)] };
  }
}

/** @throws what is no problem of the text */
function syntaxIssue(error: unknown, at: (loc: Expression["loc"]) => Location): Issue {
  // The parser has no more room on its stack.
  if (error instanceof RangeError) {
    return { message: "the module is nested too deeply", location: at(undefined) };
  }
  if (!(error instanceof SyntaxError)) throw error;
  const { loc } = error as SyntaxError & { loc?: { line: number; column: number } };
  return {
    message: error.message.replace(/ \(\d+:\d+\)$/, ""),
    location: at(loc && { start: loc } as Expression["loc"]),
  };
}

function* dynamicImports(value: unknown): Generator<SyntaxNode> {
  if (typeof value !== "object" || value === null) return;
  if ("type" in value && value.type === "ImportExpression") yield value as SyntaxNode;
  for (const [name, child] of Object.entries(value)) {
    if (name !== "loc" && name !== "extra") yield* dynamicImports(child);
  }
}
