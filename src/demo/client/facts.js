// @ts-check
/// <reference lib="dom" />
import { element } from "../../report/client/dom.js";

/** Numbers of the training: a list of names, each with the newest text. */
export class Facts {
  /** @type {Map<string, HTMLElement>} */
  #values = new Map();
  root;

  /** @param {string[]} names */
  constructor(...names) {
    for (const name of names) this.#values.set(name, element("dd", {}, "–"));
    this.root = element(
      "dl",
      { class: "facts" },
      ...Array.from(
        this.#values,
        ([name, value]) => element("div", {}, element("dt", {}, name), value),
      ),
    );
  }

  /** @param {Record<string, string>} texts */
  show(texts) {
    for (const [name, text] of Object.entries(texts)) {
      /** @type {HTMLElement} */ (this.#values.get(name)).textContent = text;
    }
  }
}
