// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Elements of the page. Text reaches it through text nodes alone, so that whatever a participant or
 * a step is called stays text.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | undefined | ((event: any) => void)>} attributes
 *   functions are listeners by the event's name; `true` is an empty attribute
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  fill(made, attributes, children.flat());
  return made;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | undefined | ((event: any) => void)>} attributes
 * @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(made, attributes, children.flat());
  return made;
}

/**
 * @param {Element} made
 * @param {Record<string, string | number | boolean | undefined | ((event: any) => void)>} attributes
 * @param {Child[]} children
 */
function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    made.append(typeof child === "number" ? String(child) : child);
  }
}

/**
 * Replaces what is in `root`. Who was on its n-th control stays on the n-th, and what was opened or
 * closed stays so.
 *
 * @param {HTMLElement} root
 * @param {...(Node | string)} children
 */
export function refill(root, ...children) {
  const controls = () => /** @type {HTMLElement[]} */ ([
    ...root.querySelectorAll("a, button, input, select, summary, [tabindex]"),
  ]);
  const details = () => [...root.querySelectorAll("details")];
  const title = (/** @type {HTMLDetailsElement} */ each) =>
    each.querySelector("summary")?.textContent;
  const focused = controls().findIndex((control) => control === document.activeElement);
  const opened = new Map(details().map((each) => [title(each), each.open]));
  root.replaceChildren(...children);
  for (const each of details()) each.open = opened.get(title(each)) ?? each.open;
  if (focused >= 0) controls()[focused]?.focus({ preventScroll: true });
}

/**
 * A table in a frame that scrolls by itself and can be reached by keyboard.
 *
 * @param {string} label what it shows, for those who hear it
 * @param {Child[]} head
 * @param {Child[][]} rows the first cell of each is its header
 */
export function table(label, head, rows) {
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element("tr", {}, ...head.map((cell) => element("th", { scope: "col" }, cell))),
      ),
      element(
        "tbody",
        {},
        ...rows.map((row) =>
          element(
            "tr",
            {},
            ...row.map((cell, index) =>
              index === 0 ? element("th", { scope: "row" }, cell) : element("td", {}, cell)
            ),
          )
        ),
      ),
    ),
  );
}

/**
 * Buttons of which one is on.
 *
 * @param {string} label
 * @param {string[]} names
 * @param {number} chosen
 * @param {(index: number) => void} choose
 */
export function choice(label, names, chosen, choose) {
  return element(
    "div",
    { class: "choice", role: "group", "aria-label": label },
    ...names.map((name, index) =>
      element(
        "button",
        { type: "button", "aria-pressed": String(index === chosen), click: () => choose(index) },
        name,
      )
    ),
  );
}

/**
 * A labelled list to choose from.
 *
 * @param {string} label
 * @param {string[]} names
 * @param {string} chosen
 * @param {(name: string) => void} choose
 * @param {(name: string) => string} textOf what is shown of a name
 */
export function selection(label, names, chosen, choose, textOf = (name) => name) {
  return element(
    "label",
    { class: "selection" },
    label,
    element(
      "select",
      { change: (/** @type {any} */ event) => choose(event.target.value) },
      ...names.map((name) =>
        element("option", { value: name, selected: name === chosen }, textOf(name))
      ),
    ),
  );
}
