/** `deno task docs`: writes what is derived from the step declarations. */
import { schemaFor } from "../src/workflow/describe/schema.ts";
import { stepsMarkdown } from "../src/workflow/describe/steps_text.ts";
import { loadKinds } from "../src/steps/mod.ts";

const root = new URL("../", import.meta.url);

/** Texts by path from the repository's root. */
export async function generatedFiles(): Promise<Record<string, string>> {
  const stepKinds = await loadKinds();
  return {
    "workflows/schema.json": `${JSON.stringify(schemaFor(stepKinds), null, 2)}\n`,
    "workflows/STEPS.md": stepsMarkdown(stepKinds),
  };
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(await generatedFiles())) {
    await Deno.writeTextFile(new URL(path, root), text);
  }
}
