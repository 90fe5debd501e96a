// @ts-check
/// <reference lib="dom" />
import { element } from "./dom.js";

/** Light and dark: as the system has it until the reader chooses; print is always light. */

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

/** More lines than this differ only in their order. */
const MAX_COLORS = 30;

/**
 * Colours of so many lines: eight that differ for any colour vision, then others; of very
 * many a range from blue over violet to orange, so that neighbours are alike.
 *
 * @param {number} count
 * @returns {(index: number) => string}
 */
export function colorsOf(count) {
  if (count > MAX_COLORS) {
    return (index) => `hsl(${215 + 170 * index / (count - 1)} 65% ${isDark() ? 66 : 45}%)`;
  }
  return (index) =>
    index < 8
      ? color(`--line-${index}`)
      : `hsl(${(index * 137.5) % 360} 55% ${isDark() ? 65 : 40}%)`;
}

export function themeButton() {
  return element("button", {
    type: "button",
    class: "theme",
    "aria-label": "Change between light and dark",
    title: "Light or dark",
    click: () => {
      chosen = isDark() ? "light" : "dark";
      showWanted();
    },
  }, "◐");
}

/** What the reader chose. @type {"light" | "dark" | undefined} */
let chosen;

function isDark() {
  return document.documentElement.dataset.theme === "dark";
}

/** @param {"light" | "dark"} theme */
function show(theme) {
  document.documentElement.dataset.theme = theme;
  for (const redraw of listeners) redraw();
}

function showWanted() {
  show(chosen ?? (dark.matches ? "dark" : "light"));
}

showWanted();
dark.addEventListener("change", showWanted);
addEventListener("beforeprint", () => show("light"));
addEventListener("afterprint", showWanted);
