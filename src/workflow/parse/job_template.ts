/** Commands of a profile, split into words without a shell, and the values that replace `{name}`. */

/** Placeholders that each command of `executor = "command"` may have. */
export const TEMPLATE_PLACEHOLDERS = {
  submit: ["name", "script", "output", "cpu", "gpu", "memory_mb", "minutes", "hours_minutes"],
  status: [],
  cancel: ["id"],
} as const satisfies Record<string, readonly string[]> as Readonly<
  Record<"submit" | "status" | "cancel", readonly string[]>
>;

/** Words between spaces; quotes keep spaces. Undefined when a quote is not closed. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const match = /^(?:"[^"]*"|'[^']*'|[^\s"'])+/.exec(rest);
    if (!match) return undefined;
    words.push(match[0].replaceAll(/"([^"]*)"|'([^']*)'/g, (_, a, b) => a ?? b));
    rest = rest.slice(match[0].length);
    if (rest !== "" && !/^\s/.test(rest)) return undefined;
    rest = rest.trimStart();
  }
  return words;
}

export function findPlaceholders(words: readonly string[]): string[] {
  return words.flatMap((word) => [...word.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
}

/** The words with every `{name}` replaced. */
export function fillTemplate(
  words: readonly string[],
  values: Readonly<Record<string, string | number>>,
): string[] {
  return words.map((word) =>
    word.replaceAll(/\{(\w+)\}/g, (text, name) => String(values[name] ?? text))
  );
}
