/** Values written as TOML on one line. */
import type { Json } from "../step.ts";

/** A value as it would be written in a workflow file. */
export function toml(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const pairs = Object.entries(value).map(([key, item]) => `${tomlKey(key)} = ${toml(item)}`);
    return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
  }
  if (typeof value !== "string") return String(value).replace("e+", "e");
  return JSON.stringify(value).replaceAll("\x7f", "\\u007F");
}

export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : toml(key);
}
