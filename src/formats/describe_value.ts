/** Values of files in error texts: never longer than a line, whatever the file holds. */

const LONGEST = 60;

/**
 * Text and numbers as JSON writes them, cut after 60 characters; of everything else what it is. A list
 * is not described by its items: a file of a kilobyte can hold one that shares them billions of times.
 */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(shorten(value));
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "bigint":
      return "a large integer";
  }
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value instanceof Map ? `a dictionary of ${value.size}` : "an object";
}

/** A name from a file, cut after 60 characters. */
export function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
