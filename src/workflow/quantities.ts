/** Durations and byte sizes as people write them. */

const second = { ms: 0.001, s: 1, min: 60, m: 60, h: 3600, d: 86400 } as const;

/** Seconds of `90`, `"90s"`, `"1h30m"`, `"2 d"`; undefined when it is no duration. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === "number") return value > 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const text = value.replaceAll(" ", "");
  if (!/^(\d{1,12}(\.\d{1,9})?(ms|s|min|m|h|d))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(ms|s|min|m|h|d)/g)) {
    seconds += Number(number) * second[unit as keyof typeof second];
  }
  return seconds > 0 ? seconds : undefined;
}

/** Bytes of `1048576`, `"512MiB"`, `"8 GB"`; undefined when it is no size. */
export function parseBytes(value: unknown): number | undefined {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  }
  if (typeof value !== "string") return undefined;
  const match = /^(\d{1,12}(?:\.\d{1,9})?)\s*([KMGTP]?)(i?)B$/.exec(value.trim());
  if (!match) return undefined;
  const [, number, prefix, binary] = match;
  const power = " KMGTP".indexOf(prefix || " ");
  if (binary !== "" && power === 0) return undefined;
  const bytes = Math.round(Number(number) * (binary === "" ? 1000 : 1024) ** power);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}
