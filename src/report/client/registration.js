// @ts-check
/// <reference lib="dom" />
import { element, refill, table } from "./dom.js";
import { countText } from "./text.js";

/**
 * Registration: what failed, the worst images in pictures, and the measures of outliers and of those
 * that fit least.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").RegistrationData} RegistrationData
 */

/** @type {[measure: string, head: string, title: string, decimals: number][]} */
const COLUMNS = [
  ["mutual_information", "MI", "Mutual information with the template, nats", 3],
  ["correlation", "correlation", "With the template, in the head", 3],
  ["scale_x", "width", "Relative to the template's", 3],
  ["scale_y", "length", "Relative to the template's", 3],
  ["scale_z", "height", "Relative to the template's", 3],
  ["shear", "shear", "Cosine of the angle that is farthest from a right one", 3],
  ["rotation", "rotation (°)", "How the head lay in the scanner", 1],
  ["shift", "shift (mm)", "From the template's centre to where it lies in the head", 1],
  ["field_range", "field range", "Largest over smallest value of the bias field in the head", 2],
];

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderRegistrations(root, { registrations }) {
  refill(
    root,
    ...registrations.flatMap((registration) => [
      registrations.length > 1 ? element("h3", {}, registration.instance) : "",
      ...summary(registration),
      ...registration.sheets.map((sheet) => contactSheet(registration, sheet)),
      ...measures(registration),
    ]),
  );
}

/** @param {RegistrationData} registration */
function summary({ heads, outliers, failed, failures }) {
  const all = countText(heads, "image");
  return [
    element(
      "p",
      { class: outliers > 0 ? "note" : "check good" },
      outliers > 0
        ? `${outliers} of ${all} differ from the others and should be looked at.`
        : `No outlier among ${all}.`,
    ),
    failed === 0 ? "" : element(
      "div",
      { class: "problem", role: "alert" },
      element("strong", {}, `${failed} of ${all} failed`),
      element("ul", {}, ...failures.map((failure) => element("li", {}, failure))),
      failures.length < failed && `and ${failed - failures.length} more`,
    ),
  ];
}

/** @param {RegistrationData} registration @param {string} sheet */
function contactSheet({ instance }, sheet) {
  return element(
    "figure",
    { class: "heads" },
    element("img", { src: sheet, alt: `${instance}: images of the lowest mutual information` }),
    element(
      "figcaption",
      {},
      "The images of the lowest mutual information (MI), the lowest first, under the template's contour. " +
        "It follows the edges of head, brain and ventricles where the registration is right.",
    ),
  );
}

/** @param {RegistrationData} registration */
function measures({ heads, failed, rows }) {
  const more = heads - failed - rows.length;
  return [
    table(
      "Measures of the registrations",
      ["", ...COLUMNS.map(([, head, title]) => element("span", { title }, head))],
      rows.map(({ head, measures, outlier, reason }) => [
        element(
          "span",
          {},
          head,
          outlier && element("span", { class: "pill interrupted", title: reason }, "outlier"),
        ),
        ...COLUMNS.map(([name, , , decimals]) =>
          element(
            "span",
            { class: reason.includes(`${name} `) ? "notable" : "" },
            measures[name]?.toFixed(decimals).replace("-", "−") ?? "–",
          )
        ),
      ]),
    ),
    more > 0
      ? element("p", { class: "quiet" }, `${countText(more, "image")} more, of higher MI.`)
      : "",
  ];
}
