/**
 * One text for one value: what keys and manifests are hashed from.
 *
 * Object keys are sorted by code unit, numbers take their shortest round-trip form, and fields that
 * are undefined are left out. Values of different
 * types have different texts, as in JSON; -0 differs from 0, as in arithmetic.
 */
import type { Json } from "../../workflow/step.ts";

/** @throws {TypeError} on NaN and infinities, which JSON would silently turn into null */
export function canonicalJson(value: Json | undefined): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} can't be part of a key`);
      return Object.is(value, -0) ? "-0" : String(value);
    case "object":
      return value === null ? "null" : canonicalContainer(value);
    default:
      throw new TypeError(`a ${typeof value} can't be part of a key`);
  }
}

function canonicalContainer(value: readonly Json[] | { readonly [key: string]: Json }): string {
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const field: Json | undefined = value[key];
    if (field !== undefined) fields.push(`${JSON.stringify(key)}:${canonicalJson(field)}`);
  }
  return `{${fields.join(",")}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether two values have one canonical form. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return !Object.is(a, 0) && !Object.is(a, -0) || Object.is(a, b);
  if (a === undefined || b === undefined) return false;
  return canonicalJson(a) === canonicalJson(b);
}
