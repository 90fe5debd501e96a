/** The file by which an editor finds the types of `import { defineStep } from "gyrus"`. */
import config from "../../deno.json" with { type: "json" };

/**
 * A `deno.jsonc` for the folder of a user's workflow.
 *
 * @param program address of Gyrus's own folder: its files are used where they are on this machine, and
 * the package of the registry otherwise
 */
export function editorConfig(program: URL): string {
  const entries: Record<string, unknown> = {
    imports: { gyrus: `jsr:${config.name}@^${config.version}` },
  };
  if (program.protocol === "file:") {
    const paths = [".", ...config.links].map((link) => new URL(link, program).pathname);
    entries.links = paths.map((path) => decodeURIComponent(path).replace(/\/$/, ""));
  }
  return `// Editors find the types of "gyrus" by this file; gyrus itself does not read it.
${JSON.stringify(entries, null, 2)}
`;
}
