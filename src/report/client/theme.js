// @ts-check
/// <reference lib="dom" />
import { element } from "./dom.js";

/** Light and dark: as the system says until the reader chooses; print is always light. */

/** @type {Set<() => void>} */
const listeners = new Set();
const dark = matchMedia("(prefers-color-scheme: dark)");

/** @param {() => void} redraw called when colours have changed */
export function onTheme(redraw) {
  listeners.add(redraw);
}

/** @param {string} name of a colour of the style sheet, such as `--ink` */
export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * Colour of the n-th line: eight that are told apart with any colour vision, then others.
 *
 * @param {number} index
 */
export function lineColor(index) {
  if (index < 8) return color(`--line-${index}`);
  return `hsl(${(index * 137.5) % 360} 55% ${isDark() ? 65 : 40}%)`;
}

/**
 * One of many: from blue over violet to orange, so that neighbours are alike.
 *
 * @param {number} share between 0 and 1
 */
export function rampColor(share) {
  return `hsl(${215 + 170 * share} 65% ${isDark() ? 66 : 45}%)`;
}

export function themeButton() {
  return element("button", {
    type: "button",
    class: "theme",
    "aria-label": "Change between light and dark",
    title: "Light or dark",
    click: () => set(isDark() ? "light" : "dark"),
  }, "◐");
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? dark.matches : chosen === "dark";
}

/** @param {string | undefined} theme */
function set(theme) {
  if (theme === undefined) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const redraw of listeners) redraw();
}

dark.addEventListener("change", () => set(document.documentElement.dataset.theme));

/** @type {string | undefined} */
let beforePrint;
addEventListener("beforeprint", () => {
  beforePrint = document.documentElement.dataset.theme;
  set("light");
});
addEventListener("afterprint", () => set(beforePrint));
