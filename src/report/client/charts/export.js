// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { element } from "../dom.js";
import { color } from "../theme.js";

/** Saves plots: as SVG, as PNG, and the numbers that they draw as a table with tabs. */

/** Pixels of a PNG for each one on the screen. */
const PNG_SCALE = 2;

/** What styles give the elements of a plot. */
const STYLES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linejoin",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "paint-order",
];

/**
 * A button that opens the three ways to save a plot.
 *
 * @param {string} title of the plot, which names the files
 * @param {() => SVGElement} picture in the document, or complete by itself
 * @param {() => (string | number | null)[][]} rows a head, then the numbers
 */
export function exportControl(title, picture, rows) {
  const name = title.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "_").replaceAll(/^_|_$/g, "");
  const button = (/** @type {string} */ format, /** @type {() => Blob | Promise<Blob>} */ make) =>
    element("button", {
      type: "button",
      click: async () => save(`${name}.${format}`, await make()),
    }, format.toUpperCase());
  return element(
    "details",
    { class: "export" },
    element(
      "summary",
      { title: "Save" },
      "⤓",
      element("span", { class: "unseen" }, ` Save ${title}`),
    ),
    element(
      "div",
      { role: "group", "aria-label": `Save ${title}` },
      button("svg", () => new Blob([svgText(picture())], { type: "image/svg+xml" })),
      button("png", () => rasterised(picture())),
      button("tsv", () => new Blob([tsvText(rows())], { type: "text/tab-separated-values" })),
    ),
  );
}

/** @param {string} name @param {Blob} content */
function save(name, content) {
  const url = URL.createObjectURL(content);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** A document by itself: with its size, its styles and the page's background. @param {SVGElement} picture */
function svgText(picture) {
  const copy = /** @type {SVGElement} */ (picture.cloneNode(true));
  const originals = [picture, ...picture.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((part, index) => {
    const computed = getComputedStyle(originals[index]);
    for (const property of STYLES) {
      const value = computed.getPropertyValue(property);
      if (value !== "") part.setAttribute(property, value);
    }
    part.removeAttribute("class");
  });
  const [left, top, width, height] = sizeOf(picture);
  const paper = copy.ownerDocument.createElementNS("http://www.w3.org/2000/svg", "rect");
  const box = { x: left, y: top, width, height, fill: color("--paper") };
  for (const [attribute, value] of Object.entries(box)) {
    paper.setAttribute(attribute, String(value));
  }
  copy.prepend(paper);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  return new XMLSerializer().serializeToString(copy);
}

/** Left, top, width and height. @param {SVGElement} picture */
function sizeOf(picture) {
  return (picture.getAttribute("viewBox") ?? "0 0 300 150").split(/[ ,]+/).map(Number);
}

/** @param {SVGElement} picture @returns {Promise<Blob>} */
async function rasterised(picture) {
  const [, , width, height] = sizeOf(picture);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(picture))}`;
  await image.decode();
  const canvas = element("canvas", { width: PNG_SCALE * width, height: PNG_SCALE * height });
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return await new Promise((resolve, reject) =>
    canvas.toBlob((blob) => blob ? resolve(blob) : reject(new Error("the PNG can't be made")))
  );
}

/** What is absent is `n/a`; line ends and tabs of names become spaces. @param {(string | number | null)[][]} rows */
function tsvText(rows) {
  const cell = (/** @type {string | number | null} */ value) =>
    value === null ? "n/a" : String(value).replaceAll(/[\t\r\n]+/g, " ");
  return rows.map((row) => `${row.map(cell).join("\t")}\n`).join("");
}
