// @ts-check
/// <reference lib="dom" />
import { element, refill } from "./dom.js";
import { countText, metricName } from "./text.js";

/**
 * Pictures: what the networks see, whom they got wrong, what they looked at.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").Strip} Strip
 */

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderSamples(root, { samples }) {
  refill(
    root,
    ...samples.flatMap(({ instance, mode, classes }) => [
      samples.length > 1 ? element("h3", {}, instance) : "",
      element(
        "div",
        { class: "sheets" },
        ...classes.map(({ name, total, strips }) =>
          element(
            "section",
            { "aria-label": name },
            element(
              "h4",
              {},
              name,
              element("small", {}, `${strips.length} of ${countText(total, "session")}`),
            ),
            ...strips.map((strip) => figure(strip, mode)),
          )
        ),
      ),
    ]),
  );
}

/** @param {Strip} strip @param {string} mode */
function figure({ participant, session, image, elements }, mode) {
  const about = `${mode} ${elements.join(", ")}`;
  return element(
    "figure",
    { class: "strip" },
    element("img", { src: image, alt: `${participant} ${session}: ${about}` }),
    element("figcaption", {}, `${participant} `, element("small", {}, `${session} · ${about}`)),
  );
}

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderMistakes(root, { mistakes }) {
  if (!mistakes) return;
  const { about, wrong, participants, worst } = mistakes;
  const groups = new Set(worst.map(({ group }) => group));
  refill(
    root,
    element(
      "p",
      {},
      wrong === 0
        ? `Nobody of ${countText(participants, "session")} was predicted wrongly (${about}).`
        : `${wrong} of ${
          countText(participants, "session")
        } were predicted wrongly by some model ` +
          `(${about}). First those for whom wrong classes got the highest probability.`,
    ),
    element(
      "div",
      { class: "cards" },
      ...worst.map((one) => {
        const meter = element("i", {});
        meter.style.width = `${100 * one.confidence}%`;
        return element(
          "article",
          { class: "card" },
          one.strip
            ? element("img", {
              src: one.strip.image,
              alt: `${one.participant} ${one.session}: ${one.strip.elements.join(", ")}`,
            })
            : "",
          element("h4", {}, one.participant, element("small", {}, one.session)),
          element(
            "p",
            {},
            element("b", {}, one.truth),
            ", predicted ",
            element("b", { class: "bad" }, one.predicted),
            one.of > 1 ? ` by ${one.wrongIn} of ${one.of} models` : "",
          ),
          element("span", { class: "meter", "aria-hidden": "true" }, meter),
          element(
            "small",
            {},
            `${(100 * one.confidence).toFixed(1)} % for a wrong class`,
            one.of > 1 && " on average",
            groups.size > 1 && ` · ${one.group}`,
          ),
        );
      }),
    ),
  );
}

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderAttributions(root, { attributions }) {
  refill(
    root,
    ...attributions.flatMap((sheet) => [
      element("h3", {}, sheet.instance, element("small", {}, sheet.kind)),
      element("p", {}, legendOf(sheet)),
      element(
        "div",
        { class: "figures" },
        ...sheet.figures.map(({ of, selectionMetric, isEmpty, image }) => {
          const about = `chosen by ${metricName(selectionMetric)}`;
          return element(
            "figure",
            {},
            element("img", { src: image, alt: `${sheet.instance}, ${of}, ${about}` }),
            element(
              "figcaption",
              {},
              of,
              element("small", {}, ` ${about}${isEmpty ? " · the map is zero everywhere" : ""}`),
            ),
          );
        }),
      ),
      sheet.more > 0
        ? element("p", { class: "quiet" }, `${sheet.more} more are in the cache.`)
        : "",
    ]),
  );
}

/** @param {ReportData["attributions"][0]} sheet */
function legendOf({ method, target, level, dataGroup }) {
  const what = method === "gradients"
    ? `Gradient of the output for ${target} by the input: more brightness raises it where the map ` +
      "is red and lowers it where it is blue."
    : `Grad-CAM of ${target} at ${level ?? "its level"}: the brighter, the more speaks for it.`;
  return `${what} Means over images of ${dataGroup}; each slice is scaled by its own largest values.`;
}
