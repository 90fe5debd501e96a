// @ts-check
/// <reference lib="dom" />
import { choice, element, refill, selection, table } from "./dom.js";
import { axesText, durationText, sizeText, timeText, valueText } from "./text.js";

/**
 * Parameters, inputs, outputs and logs of a step's instances.
 *
 * @typedef {import("../data.ts").InstanceData} InstanceData
 */

/** More instances are chosen from a list. */
const MAX_BUTTONS = 12;

let chosenInstance = "";
let shownText = "";

/**
 * @param {HTMLElement} panel
 * @param {InstanceData[]} instances of one step; none closes the panel
 * @param {boolean} selected whether the reader selected it
 */
export function renderStep(panel, instances, selected) {
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
    : names.length <= MAX_BUTTONS
    ? choice("Instance", names.map(axesText), names.indexOf(shown.name), (at) => choose(names[at]))
    : selection("Instance", names, shown.name, choose);
  refill(
    panel,
    element("h3", {}, shown.step, element("small", {}, shown.kind)),
    picker ?? "",
    ...describe(shown),
  );
  if (selected) panel.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

/** @param {InstanceData} instance */
function describe(instance) {
  const { outcome, seconds, started, made, resumedFrom, key, message, reasons } = instance;
  const facts = [
    ["Outcome", element("span", { class: `pill ${outcome}` }, outcome)],
    seconds !== null &&
    [outcome === "cached" ? "Took when computed" : "Took", durationText(seconds)],
    started !== null && ["Started", timeText(started)],
    made !== null && ["Computed", timeText(made)],
    resumedFrom !== null && ["Resumed from", `checkpoint ${resumedFrom}`],
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
    element("p", { class: outcome === "failed" ? "problem" : `note ${outcome}` }, message),
    reasons.length > 0 && element(
      "div",
      { class: "why" },
      element("h4", {}, "Why it ran"),
      element("ul", {}, ...reasons.map((reason) => element("li", {}, reason))),
    ),
    instance.params.length > 0 && parameters(instance.params),
    element("div", { class: "pairs" }, ...inputsAndOutputs(instance)),
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

/** @param {InstanceData} instance */
function inputsAndOutputs({ inputs, outputs }) {
  return [
    inputs.length > 0 && element(
      "div",
      {},
      element("h4", {}, "Inputs"),
      table(
        "Inputs",
        ["port", "from", "digest"],
        inputs.map(({ port, from, digest: of }) => [
          port,
          from,
          of === null ? "not made" : digest(of),
        ]),
      ),
    ),
    outputs.length > 0 && element(
      "div",
      {},
      element("h4", {}, "Outputs"),
      table(
        "Outputs",
        ["output", "type", "size", "digest"],
        outputs.map(({ name, type, bytes, digest: of }) => [
          name,
          type,
          sizeText(bytes),
          digest(of),
        ]),
      ),
    ),
  ];
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

/** Short until it is pointed at, tapped or reached by keyboard. @param {string} text */
function digest(text) {
  return element("code", { class: "digest", tabindex: 0 }, text);
}
