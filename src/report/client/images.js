// @ts-check
/// <reference lib="dom" />
import { element } from "./dom.js";
import { countText } from "./text.js";

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
  root.replaceChildren(...samples.flatMap(({ instance, mode, classes }) => [
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
  ]));
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
  root.replaceChildren(
    element(
      "p",
      {},
      wrong === 0
        ? `Nobody of ${countText(participants, "session")} was predicted wrongly (${about}).`
        : `${wrong} of ${
          countText(participants, "session")
        } were predicted wrongly by some model ` +
          `(${about}). The surest mistakes first.`,
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
            "is ",
            element("b", {}, one.truth),
            ", predicted ",
            element("b", { class: "bad" }, one.predicted),
            one.of > 1 ? ` by ${one.wrongIn} of ${one.of} models` : "",
          ),
          element(
            "p",
            { class: "confidence" },
            element("span", { class: "meter", "aria-hidden": "true" }, meter),
            `${(100 * one.confidence).toFixed(1)} % sure of a wrong class`,
            element("small", {}, one.group),
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
  root.replaceChildren(...attributions.flatMap(({ instance, kind, figures, more }) => [
    element("h3", {}, instance, element("small", {}, kind)),
    element(
      "div",
      { class: "figures" },
      ...figures.map(({ path, image }) =>
        element(
          "figure",
          {},
          element("img", { src: image, alt: path }),
          element("figcaption", {}, path),
        )
      ),
    ),
    more > 0 ? element("p", { class: "quiet" }, `${more} more are in the cache.`) : "",
  ]));
}
