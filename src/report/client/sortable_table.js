// @ts-check
/// <reference lib="dom" />
import { element, table } from "./dom.js";

/**
 * A table whose rows its columns put in order.
 *
 * @typedef {{ column: string, descending: boolean }} Order the order of the rows where `column` is empty
 * @typedef {import("./dom.js").Child} Child
 */

/**
 * @template Row
 * @typedef {{
 *   name: string,
 *   title?: Child,
 *   cell: (row: Row) => Child,
 *   value?: (row: Row) => string | number | null | undefined,
 *   rising?: boolean,
 * }} Column a column with `value` can be sorted by, at first the largest before, or the smallest where
 *   `rising`
 */

/**
 * @template Row
 * @param {string} label what it shows, for those who hear it
 * @param {Column<Row>[]} columns
 * @param {Row[]} rows
 * @param {Order} order changed by a click
 * @param {() => void} redraw
 */
export function sortableTable(label, columns, rows, order, redraw) {
  const by = columns.find(({ name }) => name === order.column);
  const sorted = by?.value ? inOrder(rows, by.value, order.descending) : rows;
  return table(
    label,
    columns.map((column) =>
      column.value ? sortButton(column, order, redraw) : column.title ?? column.name
    ),
    sorted.map((row) => columns.map(({ cell }) => cell(row))),
  );
}

/**
 * @template Row
 * @param {Column<Row>} column
 * @param {Order} order
 * @param {() => void} redraw
 */
function sortButton({ name, title, rising = false }, order, redraw) {
  const isSorted = order.column === name;
  const arrow = isSorted ? (order.descending ? " ↓" : " ↑") : "";
  const click = () => {
    order.column = name;
    order.descending = isSorted ? !order.descending : !rising;
    redraw();
  };
  return element(
    "button",
    { type: "button", class: "sort", title: "Sort", "aria-pressed": String(isSorted), click },
    title ?? name,
    arrow,
  );
}

/**
 * Numbers by size, also where texts are numbers; what is absent comes last.
 *
 * @template Row
 * @param {Row[]} rows
 * @param {(row: Row) => string | number | null | undefined} valueOf
 * @param {boolean} descending
 */
function inOrder(rows, valueOf, descending) {
  return rows.toSorted((a, b) => {
    const [one, other] = [valueOf(a) ?? null, valueOf(b) ?? null];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    const numeric = Number(one) - Number(other);
    const order = Number.isNaN(numeric)
      ? String(one) < String(other) ? -1 : Number(String(one) > String(other))
      : numeric;
    return descending ? -order : order;
  });
}
