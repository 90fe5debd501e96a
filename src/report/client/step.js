// @ts-check
/// <reference lib="dom" />
import { choice, element, selection, table } from "./dom.js";
import { durationText, sizeText, timeText, valueText } from "./text.js";

/**
 * What one step's instances were set to, took, made and said.
 *
 * @typedef {import("../data.ts").InstanceData} InstanceData
 */

/** More instances are chosen from a list. */
const MOST_BUTTONS = 12;

let chosenInstance = "";
let shownText = "";

/**
 * @param {HTMLElement} panel
 * @param {InstanceData[]} instances of one step; none closes the panel
 * @param {boolean} asked whether the reader asked for it
 */
export function renderStep(panel, instances, asked) {
  if (instances.length === 0) {
    panel.replaceChildren();
    shownText = "";
    return;
  }
  const names = instances.map(({ name }) => name);
  if (!names.includes(chosenInstance)) {
    const notable = ["failed", "running", "interrupted"];
    chosenInstance = (instances.find(({ outcome }) => notable.includes(outcome)) ?? instances[0])
      .name;
  }
  const shown = instances.find(({ name }) => name === chosenInstance) ?? instances[0];
  const text = JSON.stringify([names, shown]);
  if (text === shownText) return;
  shownText = text;
  const choose = (/** @type {string} */ name) => {
    chosenInstance = name;
    renderStep(panel, instances, true);
  };
  const picker = names.length === 1
    ? null
    : names.length <= MOST_BUTTONS
    ? choice("Instance", names.map(axesOf), names.indexOf(shown.name), (at) => choose(names[at]))
    : selection("Instance", names, shown.name, choose);
  const open = new Set(
    [...panel.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent),
  );
  panel.replaceChildren(
    element("h3", {}, shown.step, element("small", {}, shown.kind)),
    picker ?? "",
    ...describe(shown),
  );
  for (const details of panel.querySelectorAll("details")) {
    if (open.has(details.querySelector("summary")?.textContent ?? "")) details.open = true;
  }
  if (asked) panel.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

/** `fold=0, multi_network=true` of `train[fold=0,multi_network=true]`. @param {string} name */
function axesOf(name) {
  const inside = name.slice(name.indexOf("[") + 1, -1);
  return name.includes("[") ? inside.replaceAll(",", ", ") : name;
}

/** @param {InstanceData} instance */
function describe(instance) {
  const { outcome, seconds, started, made, resumedFrom, key, message, reasons } = instance;
  const facts = [
    ["Outcome", element("span", { class: `pill ${outcome}` }, outcome)],
    seconds !== null && [outcome === "cached" ? "Took when made" : "Took", durationText(seconds)],
    started !== null && ["Started", timeText(started)],
    made !== null && ["Made", timeText(made)],
    resumedFrom !== null && ["Went on from", `checkpoint ${resumedFrom}`],
    ["Step version", String(instance.version)],
    key !== null && ["Key", digest(key)],
  ].filter((fact) => Array.isArray(fact));
  return [
    element(
      "dl",
      { class: "facts" },
      ...facts.map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, value))
      ),
    ),
    message !== null &&
    element("p", { class: outcome === "failed" ? "fault" : "note" }, message),
    reasons.length > 0 && element(
      "div",
      { class: "why" },
      element("h4", {}, "Why it ran"),
      element("ul", {}, ...reasons.map((reason) => element("li", {}, reason))),
    ),
    instance.params.length > 0 && parameters(instance.params),
    instance.inputs.length > 0 && element(
      "div",
      {},
      element("h4", {}, "Inputs"),
      table(
        "Inputs",
        ["port", "from", "digest"],
        instance.inputs.map(({ port, from, digest: of }) => [
          port,
          from,
          of === null ? "not made" : digest(of),
        ]),
      ),
    ),
    instance.outputs.length > 0 && element(
      "div",
      {},
      element("h4", {}, "Outputs"),
      table(
        "Outputs",
        ["output", "type", "size", "digest"],
        instance.outputs.map(({ name, type, bytes, digest: of }) => [
          name,
          type,
          sizeText(bytes),
          digest(of),
        ]),
      ),
    ),
    instance.device !== null && element(
      "details",
      {},
      element("summary", {}, "Device"),
      element("pre", { tabindex: 0 }, JSON.stringify(instance.device, null, 2)),
    ),
    instance.log.length > 0 && element(
      "details",
      { open: outcome === "failed" },
      element("summary", {}, "Log"),
      element("pre", { tabindex: 0 }, instance.log.join("\n")),
    ),
  ].filter((part) => part !== false);
}

/** @param {InstanceData["params"]} params */
function parameters(params) {
  return element(
    "div",
    {},
    element("h4", {}, "Parameters"),
    element(
      "dl",
      { class: "params" },
      ...params.map(({ name, value, old, changed }) =>
        element(
          "div",
          { class: changed ? "changed" : "" },
          element("dt", {}, name),
          element(
            "dd",
            {},
            changed && old !== undefined && element("del", {}, valueText(old)),
            changed ? element("ins", {}, valueText(value)) : valueText(value),
          ),
        )
      ),
    ),
  );
}

/** Short to look at, whole to copy. @param {string} text */
function digest(text) {
  return element("code", { class: "digest", title: text }, text);
}
