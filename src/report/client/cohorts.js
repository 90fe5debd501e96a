// @ts-check
/// <reference lib="dom" />
import { choice, drawn, element, refill, selection, table } from "./dom.js";
import { exportControl } from "./charts/export.js";
import { probabilityText } from "./text.js";

/**
 * Who was trained, validated and tested on, side by side.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").CohortData} CohortData
 * @typedef {import("../data.ts").RoleData} RoleData
 */

const MAX_BUTTONS = 8;
let chosen = 0;

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderCohorts(root, { cohorts }) {
  chosen = Math.min(chosen, cohorts.length - 1);
  const choose = (/** @type {number} */ index) => {
    chosen = index;
    renderCohorts(root, /** @type {ReportData} */ ({ cohorts }));
  };
  const titles = cohorts.map(({ title }) => title);
  const picker = titles.length === 1
    ? ""
    : titles.length <= MAX_BUTTONS
    ? choice("Split", titles, chosen, choose)
    : selection("Split", titles, titles[chosen], (title) => choose(titles.indexOf(title)));
  refill(
    root,
    picker,
    leakage(cohorts),
    demographics(cohorts[chosen]),
  );
}

/** Of all splits: nothing may hide behind a choice. @param {CohortData[]} cohorts */
function leakage(cohorts) {
  const problems = cohorts.flatMap(({ title, leakage }) =>
    leakage.overlaps.map((overlap) => `${title}: ${overlap}`)
  );
  if (problems.length === 0) {
    return element(
      "p",
      { class: "check good" },
      `No leakage: in ${
        cohorts.length === 1 ? cohorts[0].title : `all ${cohorts.length} splits`
      } ` +
        `no participant is in two sets (compared: ${cohorts[0].leakage.checked}).`,
    );
  }
  return element(
    "div",
    { class: "problem", role: "alert" },
    element("strong", {}, "Leakage"),
    element("ul", {}, ...problems.map((problem) => element("li", {}, problem))),
  );
}

/** @param {CohortData} cohort */
function demographics({ roles, tests }) {
  const numeric = Object.keys(roles[0]?.numeric ?? {});
  const categorical = Object.keys(roles[0]?.categorical ?? {});
  const pairs = [...new Set(tests.map((test) => test.roles.join(" vs ")))];
  const p = (/** @type {string} */ variable) =>
    pairs.map((pair) => {
      const test = tests.find((each) =>
        each.variable === variable && each.roles.join(" vs ") === pair
      );
      return test
        ? element(
          "span",
          { class: test.p !== null && test.p < 0.05 ? "interval notable" : "interval" },
          probabilityText(test.p),
          element("small", {}, test.test),
        )
        : "";
    });
  return table("Participants by role", [
    "",
    ...roles.map(({ role }) => role),
    ...pairs.map((pair) => `p, ${pair}`),
  ], [
    ["participants", ...roles.map(({ participants }) => participants), ...pairs.map(() => "")],
    ["sessions", ...roles.map(({ sessions }) => sessions), ...pairs.map(() => "")],
    ...numeric.map((name) => [
      name === "age" ? "age (years)" : name,
      ...roles.map((role) => numbers(role, name)),
      ...p(name),
    ]),
    ...categorical.map((name) => [name, ...roles.map((role) => shares(role, name)), ...p(name)]),
  ]);
}

/** @param {RoleData} role @param {string} name */
function numbers(role, name) {
  const { mean, sd, least, most, missing, histogram } = role.numeric[name];
  const text = [
    `${decimal(mean)} ± ${decimal(sd)}`,
    element(
      "small",
      {},
      `${decimal(least)} to ${decimal(most)}${missing > 0 ? `, ${missing} missing` : ""}`,
    ),
  ];
  if (!histogram) return element("div", { class: "numbers" }, ...text);
  const { counts, from, to } = histogram;
  const highest = Math.max(...counts);
  const width = (to - from) / counts.length;
  const picture = drawn(
    "svg",
    {
      viewBox: "0 0 124 42",
      class: "histogram",
      role: "img",
      "aria-label": `Histogram of ${name} from ${decimal(from)} to ${decimal(to)}`,
    },
    ...counts.map((count, index) =>
      drawn("rect", {
        x: index * 10 + 0.5,
        width: 9,
        y: 30 - 28 * count / highest,
        height: 28 * count / highest,
      })
    ),
    drawn("path", { d: "M0 29.5H120" }),
    drawn("text", { x: 0, y: 41 }, tick(from)),
    drawn("text", { x: 120, y: 41, "text-anchor": "end" }, tick(to)),
  );
  const rows = () => [
    ["from", "to", "count"],
    ...counts.map((count, bin) => [from + bin * width, from + (bin + 1) * width, count]),
  ];
  return element(
    "div",
    { class: "numbers" },
    picture,
    ...text,
    exportControl(`${name} of ${role.role}`, () => picture, rows),
  );
}

/** @param {number} value */
function tick(value) {
  return String(Number(value.toPrecision(3)));
}

/** @param {number | null} value */
function decimal(value) {
  return value === null ? "–" : value.toFixed(1);
}

/** @param {RoleData} role @param {string} name */
function shares(role, name) {
  const counts = Object.entries(role.categorical[name]);
  return element(
    "div",
    { class: "shares" },
    element(
      "div",
      { class: "stack", "aria-hidden": "true" },
      ...counts.map(([, count], index) => {
        const part = element("i", { class: `part part-${index % 6}` });
        part.style.flexGrow = String(count);
        return part;
      }),
    ),
    element(
      "span",
      {},
      ...counts.map(([category, count], index) =>
        element(
          "span",
          { class: "share" },
          element("i", { class: `dot part-${index % 6}` }),
          `${category} ${count}`,
        )
      ),
    ),
  );
}
