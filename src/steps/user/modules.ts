/** What the worker of a user's step can import: the modules that were hashed, and Gyrus's API. */
import { registerHooks, stripTypeScriptTypes } from "node:module";
import type { UserModule } from "./module_graph.ts";

const API = new URL("../../../mod.ts", import.meta.url).href;

/**
 * Makes every import of this thread from now on, static or dynamic, find one of the modules or fail.
 * Neither the disk nor the network nor a built-in module is reached, whatever permissions the
 * process has.
 */
export function confineImports(modules: readonly UserModule[]): void {
  // Without a prototype, and reached by operators alone: a step may replace methods of built-ins.
  const known: Record<string, UserModule> = Object.create(null);
  for (const module of modules) known[keyOf(module.url, module.type)] = module;
  registerHooks({
    resolve(specifier, { parentURL, importAttributes }) {
      if (specifier === "gyrus") return { url: API, shortCircuit: true };
      let url: string;
      try {
        url = new URL(specifier, parentURL).href;
      } catch {
        url = specifier;
      }
      if (known[keyOf(url, importAttributes?.type)] === undefined) throw refusal(specifier);
      return { url, shortCircuit: true };
    },
    load(url, { importAttributes }) {
      const module = known[keyOf(url, importAttributes?.type)];
      if (module === undefined) throw refusal(url);
      if (module.type !== undefined) {
        return { format: module.type, source: module.text, shortCircuit: true };
      }
      const source = /\.m?ts$/.test(url) ? withoutTypes(module) : module.text;
      return { format: "module", source, shortCircuit: true };
    },
  });
}

function keyOf(url: string, type: unknown): string {
  return `${typeof type === "string" ? type : "code"} ${url}`;
}

function refusal(specifier: string): Error {
  return new Error(`a step must not import "${specifier}"`);
}

/** JavaScript whose positions in stacks are those of the TypeScript. */
function withoutTypes({ text, url }: UserModule): string {
  const script = stripTypeScriptTypes(text, { mode: "transform", sourceMap: true });
  const [code, map] = script.split(
    /\n\/\/# sourceMappingURL=data:application\/json;base64,(?=[\w+/=]+\s*$)/,
  );
  if (map === undefined) return code;
  // The runtime does not know the module's name.
  const named = { ...JSON.parse(fromBase64(map)), sources: [url], sourcesContent: [text] };
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${
    toBase64(JSON.stringify(named))
  }`;
}

function fromBase64(encoded: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(encoded));
}

function toBase64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}
