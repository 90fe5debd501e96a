/**
 * Parameters that name a file or folder. The reader resolves them against the
 * workflow file's folder; the engine puts the content they name, never their
 * text, into a key.
 */
import { z } from "zod";

/** A path, relative to the workflow file's folder. Wrap it in `z.array`, `.optional()` or `.default()`. */
export function pathParameter(): z.ZodString {
  return z.string().min(1).meta({ format: "path" });
}
