/** Numbers as a page needs them: short, and null where they are not finite. */

export function rounded(value: number | null | undefined, digits = 5): number | null {
  if (value === null || value === undefined || !Number.isFinite(value)) return null;
  return Number(value.toPrecision(digits));
}
