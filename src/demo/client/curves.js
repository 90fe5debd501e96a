// @ts-check
/// <reference lib="dom" />
import { element } from "../../report/client/dom.js";
import { drawLines } from "../../report/client/charts/line_chart.js";
import { color, onTheme } from "../../report/client/theme.js";

/** @typedef {{ xs: number[], ys: number[] }} Curve */

/** The loss of each batch and the accuracy after each epoch, as they come. */
export class Curves {
  /** @type {Curve} Loss by batch. */
  loss = { xs: [], ys: [] };
  /** @type {Curve} Share of the held-out slices by epoch. */
  accuracy = { xs: [], ys: [] };
  #lossHost = element("div", {});
  #accuracyHost = element("div", {});
  root = element(
    "div",
    { class: "curves" },
    element("div", {}, element("h3", {}, "Loss of each batch"), this.#lossHost),
    element("div", {}, element("h3", {}, "Accuracy on held-out slices"), this.#accuracyHost),
  );

  constructor() {
    onTheme(() => this.draw());
  }

  clear() {
    this.loss = { xs: [], ys: [] };
    this.accuracy = { xs: [], ys: [] };
  }

  /** Draws what there is; `root` must be in the page. */
  draw() {
    draw(this.#lossHost, this.loss, ["loss", "batch"], "--line-0");
    draw(this.#accuracyHost, this.accuracy, ["accuracy", "epoch"], "--line-2");
  }
}

/**
 * @param {HTMLElement} host
 * @param {Curve} curve
 * @param {[string, string]} labels of y and x
 * @param {string} colorName
 */
function draw(host, { xs, ys }, [yLabel, xLabel], colorName) {
  drawLines(host, {
    title: `${yLabel} by ${xLabel}`,
    key: yLabel,
    xLabel,
    yLabel,
    lines: [{ name: yLabel, xs, ys, color: color(colorName), dash: [], width: 2, alpha: 1 }],
  });
}
