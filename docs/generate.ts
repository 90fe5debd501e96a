/**
 * `deno task docs`: writes the schema and STEPS.md from the step declarations, sections of
 * ARCHITECTURE.md from `folders.ts` and from the artifact types, and `program.lock` from `deno.lock`.
 */
import { artifactTypes } from "../src/artifacts/mod.ts";
import { schemaFor } from "../src/workflow/describe/schema.ts";
import { stepsMarkdown } from "../src/workflow/describe/steps_text.ts";
import { loadKinds } from "../src/steps/mod.ts";
import { artifactsSection, foldersSection, replaceSection } from "./architecture_sections.ts";
import { FOLDERS } from "./folders.ts";
import { programLock } from "./program_lock.ts";

const root = new URL("../", import.meta.url);
const ARCHITECTURE = "ARCHITECTURE.md";

/** Texts by path from the repository's root. */
export async function generateFiles(): Promise<Record<string, string>> {
  const stepKinds = await loadKinds();
  const sections = { folders: foldersSection(FOLDERS), artifacts: artifactsSection(artifactTypes) };
  return {
    "workflows/schema.json": `${JSON.stringify(schemaFor(stepKinds), null, 2)}\n`,
    "workflows/STEPS.md": stepsMarkdown(stepKinds),
    "program.lock": programLock(await Deno.readTextFile(new URL("deno.lock", root))),
    [ARCHITECTURE]: Object.entries(sections).reduce(
      (text, [name, section]) => replaceSection(text, name, section),
      await Deno.readTextFile(new URL(ARCHITECTURE, root)),
    ),
  };
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(await generateFiles())) {
    await Deno.writeTextFile(new URL(path, root), text);
  }
}
