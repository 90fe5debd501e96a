/** Confines the imports of its thread and reports what each specifier then leads to. */
/// <reference lib="deno.worker" />
import { confineImports } from "../../../src/steps/user/modules.ts";

self.onmessage = async ({ data: { modules, specifiers } }) => {
  confineImports(modules);
  const found: Record<string, string> = {};
  for (const specifier of specifiers) {
    try {
      found[specifier] = String((await import(specifier)).default);
    } catch (error) {
      found[specifier] = String(error);
    }
  }
  self.postMessage(found);
};
