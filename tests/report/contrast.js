// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Runs in a page: texts whose contrast with what is behind them misses AA (WCAG 2.2, 1.4.3), each
 * with its ratio.
 *
 * @returns {string[]}
 */
export function faintTexts() {
  const context = /** @type {CanvasRenderingContext2D} */ (
    Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
      .getContext("2d", { willReadFrequently: true })
  );
  const rgba = (/** @type {string} */ color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (/** @type {number[]} */ top, /** @type {number[]} */ under) =>
    [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const luminance = (/** @type {number[]} */ color) => {
    const [r, g, b] = color.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (/** @type {Element | null} */ element) => {
    /** @type {number[][]} */
    const layers = [];
    for (; element; element = element.parentElement) {
      layers.push(rgba(getComputedStyle(element).backgroundColor));
      if (layers[layers.length - 1][3] === 1) break;
    }
    return layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const found = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent?.trim() ?? "";
    if (!element || text === "" || !element.checkVisibility()) continue;
    if (element.closest(".unseen, option, [aria-hidden]")) continue;
    const style = getComputedStyle(element);
    let opacity = 1;
    for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) {
      opacity *= Number(getComputedStyle(at).opacity);
    }
    const ground = behind(element);
    const ink = rgba(element instanceof SVGElement ? style.fill : style.color);
    const shown = over([ink[0], ink[1], ink[2], ink[3] * opacity], ground);
    const [light, dark] = [luminance(shown), luminance(ground)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    const least = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    if (ratio < least) found.add(`${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return [...found];
}
