/** The sections of ARCHITECTURE.md that `deno task docs` writes. */
import type { ArtifactType } from "../src/artifacts/artifact_type.ts";
import type { Folder } from "./folders.ts";

/**
 * Replaces what is between `<!-- NAME -->` and `<!-- /NAME -->`.
 *
 * @throws {Error} when the text lacks one of the two
 */
export function replaceSection(text: string, name: string, section: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`there is no section ${start} … ${end}`);
  return `${text.slice(0, from + start.length)}\n\n${section}\n\n${text.slice(to)}`;
}

/** A diagram of imports and a list of folders with their jobs. */
export function foldersSection(folders: readonly Folder[]): string {
  const edges = reduceTransitively(
    new Map(folders.map(({ path, imports }) => [path, new Set(imports)])),
  );
  const id = (path: string) => path.replace(/\W/g, "_");
  const lines = ["```mermaid", "graph BT"];
  for (const { path } of folders) lines.push(`  ${id(path)}["${path}"]`);
  for (const [path, imports] of edges) {
    for (const name of imports) lines.push(`  ${id(name)} --> ${id(path)}`);
  }
  lines.push("```", "");
  for (const { path, job } of folders) lines.push(`- \`${path}\`: ${job}`);
  return lines.join("\n");
}

/** Leaves out every edge that a longer path implies. */
export function reduceTransitively(
  edges: ReadonlyMap<string, ReadonlySet<string>>,
): Map<string, Set<string>> {
  const reached = new Map<string, Set<string>>();
  const reach = (path: string): Set<string> => {
    const known = reached.get(path);
    if (known) return known;
    const all = new Set<string>();
    reached.set(path, all);
    for (const next of edges.get(path) ?? []) {
      all.add(next);
      for (const far of reach(next)) all.add(far);
    }
    return all;
  };
  return new Map(
    [...edges].map(([path, direct]) => [
      path,
      new Set(
        [...direct].filter((to) =>
          ![...direct].some((through) => through !== to && reach(through).has(to))
        ),
      ),
    ]),
  );
}

/**
 * A table with a row a file and a row a field of each type's meta. Types with the same files and
 * meta, and neighbours with the same description, share rows.
 */
export function artifactsSection(types: readonly Omit<ArtifactType, "privacy">[]): string {
  const alike = Map.groupBy(types, ({ files, meta }) => JSON.stringify([files, meta]));
  const rows = [...alike.values()].flatMap((group) => {
    const [{ files, meta }] = group;
    const fields = meta.map(([field, description]) => [`meta.${field}`, description] as const);
    const names = group.map(({ type }) => `\`${type}\``).join(", ");
    return joinNeighbours([...files, ...fields])
      .map((cells, row) => [row === 0 ? names : "", ...cells]);
  });
  return [
    "| type | file, or field of meta | |",
    "|---|---|---|",
    ...rows.map((cells) => `| ${cells.join(" | ")} |`),
  ].join("\n");
}

function joinNeighbours(entries: readonly (readonly [string, string])[]): [string, string][] {
  const rows: [string, string][] = [];
  for (const [name, description] of entries) {
    const last = rows.at(-1);
    if (last?.[1] === description) last[0] += `, \`${name}\``;
    else rows.push([`\`${name}\``, description]);
  }
  return rows;
}
