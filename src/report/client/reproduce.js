// @ts-check
/// <reference lib="dom" />
import { element, refill } from "./dom.js";

/** @typedef {import("../data.ts").ReportData} ReportData */

/**
 * All that is needed to do it again.
 *
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderReproduce(root, { reproduce }) {
  const { command, sources, lock, versions, device } = reproduce;
  refill(
    root,
    text("Command", command, true),
    ...sources.map(({ name, text: source }) => text(name, source, false)),
    lock ? text(lock.name, lock.text, false) : "",
    element(
      "dl",
      { class: "facts" },
      ...Object.entries(versions).map(([name, version]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, version))
      ),
    ),
    device === null ? "" : text("Device", JSON.stringify(device, null, 2), false),
  );
}

/** @param {string} name @param {string} content @param {boolean} open */
function text(name, content, open) {
  const code = element("pre", { tabindex: 0, "aria-label": name }, content);
  const button = element("button", {
    type: "button",
    class: "copy",
    click: async () => {
      getSelection()?.selectAllChildren(code);
      try {
        await navigator.clipboard.writeText(content);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Selected: press Ctrl-C";
      }
      setTimeout(() => button.textContent = "Copy", 2000);
    },
  }, "Copy");
  return element(
    "details",
    { open },
    element("summary", {}, name),
    element("div", { class: "source" }, button, code),
  );
}
