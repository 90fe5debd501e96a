// @ts-check
/** Positions and round numbers along an axis. */

/** @typedef {[least: number, most: number]} Range */

/** Four or five round numbers apart. @param {Range} range */
function stepOf([least, most]) {
  const rough = (most - least) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 2.5, 5, 10].find((step) => step * power >= rough * 0.999) ?? 10);
}

/** Round numbers within. @param {Range} range */
export function ticks([least, most]) {
  const step = stepOf([least, most]);
  const first = Math.ceil(least / step - 1e-9);
  const count = Math.floor(most / step + 1e-9) - first + 1;
  return Array.from(
    { length: count },
    (_, index) => Number(((first + index) * step).toPrecision(6)),
  );
}

/** @param {number | string} tick */
export function tickText(tick) {
  return String(tick).replace(/^-/, "−");
}

/** To round numbers that enclose all values. @param {number[]} values @returns {Range} */
export function enclosing(values) {
  const least = values.reduce((a, b) => Math.min(a, b)),
    most = values.reduce((a, b) => Math.max(a, b));
  if (least === most) return [least - 1, most + 1];
  const step = stepOf([least, most]) / 2;
  return [Math.floor(least / step) * step, Math.ceil(most / step) * step];
}

/** @param {number} value @param {Range} range */
export function share(value, [least, most]) {
  return (value - least) / (most - least);
}

/** Of a coordinate, to tenths of a pixel. @param {number} value */
export function rounded(value) {
  return Math.round(value * 10) / 10;
}

/** More values than this are placed by their size, if they are numbers. */
const MAX_CATEGORIES = 8;
/** Numbers that are so many times as large as others are placed by their logarithm. */
const LOGARITHMIC = 50;

/**
 * Places the values of a parameter between 0 and 1: few of them at equal distances, in order; many
 * numbers by size.
 *
 * @param {string[]} values
 * @param {boolean} [isLogarithmic] whether numbers are placed by their logarithm; by their range when absent
 * @returns {{ place: (value: string) => number, ticks: { at: number, text: string }[] }}
 */
export function placesOf(values, isLogarithmic) {
  const isNumeric = values.every((value) => value !== "" && Number.isFinite(Number(value)));
  const distinct = [...new Set(values)].sort((a, b) =>
    isNumeric ? Number(a) - Number(b) : Number(a > b) - Number(a < b)
  );
  if (isNumeric && distinct.length > MAX_CATEGORIES) {
    return numericPlaces(distinct.map(Number), isLogarithmic);
  }
  const place = (/** @type {string} */ value) => (distinct.indexOf(value) + 0.5) / distinct.length;
  return { place, ticks: distinct.map((value) => ({ at: place(value), text: tickText(value) })) };
}

/** @param {number[]} rising @param {boolean} [isChosen] */
function numericPlaces(rising, isChosen) {
  const [least, most] = [rising[0], rising[rising.length - 1]];
  const isLogarithmic = least > 0 && (isChosen ?? most / least > LOGARITHMIC);
  const scaled = isLogarithmic ? Math.log10 : Number;
  const range = enclosing([scaled(least), scaled(most)]);
  const all = ticks(range);
  const powers = all.filter(Number.isInteger);
  // Between two powers of ten there are other numbers.
  const shown = isLogarithmic && powers.length > 1 ? powers : all;
  const textOf = (/** @type {number} */ tick) =>
    Number.isInteger(tick) ? `1e${tickText(tick)}` : String(Number((10 ** tick).toPrecision(2)));
  return {
    place: (/** @type {string} */ value) => share(scaled(Number(value)), range),
    ticks: shown.map((tick) => ({
      at: share(tick, range),
      text: isLogarithmic ? textOf(tick) : tickText(tick),
    })),
  };
}
