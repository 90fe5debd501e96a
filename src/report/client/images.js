// @ts-check
/// <reference lib="dom" />
import { element, refill } from "./dom.js";
import { countText, metricName } from "./text.js";

/**
 * Images: samples of the input, misclassified sessions, attribution maps.
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
      areVolumes(mode) ? element("p", {}, VIEWS) : "",
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

const VIEWS =
  "An axial, a coronal and a sagittal slice through the middle of each volume, the patient's left on the " +
  "left. Where no letters name the sides, the orientation is unknown, and the axes are taken to point " +
  "right, anterior and superior.";

/** @param {string} mode of the images */
function areVolumes(mode) {
  return ["patch", "roi", "image"].includes(mode);
}

/** @param {Strip} strip @param {string} mode */
function figure({ participant, session, image, elements }, mode) {
  const about = mode === "image" ? "whole image" : `${mode} ${elements.join(", ")}`;
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
        ? `None of ${countText(participants, "session")} was misclassified (${about}).`
        : `${wrong} of ${countText(participants, "session")} were misclassified by some model ` +
          `(${about}). Sorted by the probability of the wrong classes, highest first.`,
    ),
    element(
      "div",
      { class: "cards" },
      ...worst.map((mistake) => {
        const meter = element("i", {});
        meter.style.width = `${100 * mistake.confidence}%`;
        return element(
          "article",
          { class: "card" },
          mistake.strip
            ? element("img", {
              src: mistake.strip.image,
              alt: `${mistake.participant} ${mistake.session}: ${
                mistake.strip.elements.join(", ")
              }`,
            })
            : "",
          element("h4", {}, mistake.participant, element("small", {}, mistake.session)),
          element(
            "p",
            {},
            element("b", {}, mistake.truth),
            ", predicted ",
            element("b", { class: "bad" }, mistake.predicted),
            mistake.of > 1 ? ` by ${mistake.wrongIn} of ${mistake.of} models` : "",
          ),
          element("span", { class: "meter", "aria-hidden": "true" }, meter),
          element(
            "small",
            {},
            `${(100 * mistake.confidence).toFixed(1)} % for a wrong class`,
            mistake.of > 1 && " on average",
            groups.size > 1 && ` · ${mistake.group}`,
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
          const about = `selected by ${metricName(selectionMetric)}`;
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
function legendOf({ method, target, level, mode, dataGroup }) {
  const what = method === "gradients"
    ? `Gradient of the output for ${target} by the input: more brightness raises it where the map ` +
      "is red and lowers it where it is blue."
    : `Grad-CAM of ${target} at ${
      level ?? "its level"
    }: the brighter, the stronger the evidence for it.`;
  const views = areVolumes(mode)
    ? " Axial, coronal and sagittal slices cross where a map is largest."
    : "";
  return `${what} Means over images of ${dataGroup}; each ${mode === "roi" ? "region" : mode} is ` +
    `scaled by its own largest values.${views}`;
}
