/** The language server on standard input and output. */
import process from "node:process";
import { createProtocolConnection } from "vscode-languageserver-protocol/node";
import { reading } from "../steps/engine_options.ts";
import { loadKind, stepModules } from "../steps/mod.ts";
import { serve } from "./server.ts";

/** @returns whether the editor ended it as the protocol demands */
export async function serveEditor(): Promise<boolean> {
  const connection = createProtocolConnection(process.stdin, process.stdout);
  const kinds = { names: Object.keys(stepModules), load: loadKind, resolve: reading.resolveKind };
  return await serve(connection, kinds, reading);
}
