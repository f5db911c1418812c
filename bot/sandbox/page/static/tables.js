// Data tables, and the tables that stand in for charts.

import { el } from "./dom.js";

export function table(block, richText) {
  const [head, ...rows] = block.rows;
  const rowHeader = block.row_header_column_index ?? 0;
  const drawn = rows.map((row) =>
    el(
      "tr",
      {},
      row.map((cell, column) => {
        const shown = cell.type === "rich_text" ? richText(cell) : plain(cell);
        const kind = cell.type === "raw_number" ? "number" : null;
        return column === rowHeader ? el("th", { scope: "row", class: kind }, shown) : el("td", { class: kind }, shown);
      }),
    ),
  );
  const numeric = head.map((_, column) => rows.every((row) => row[column].type === "raw_number"));
  return scrolled(block.caption, head.map(plain), drawn, numeric);
}

const plain = (cell) => cell.text ?? new Intl.NumberFormat("en-US").format(cell.value);

// A wide table scrolls inside its frame, also by keyboard.
export function scrolled(caption, head, rows, numeric = head.map((_, column) => column > 0)) {
  return el(
    "div",
    { class: "table", tabindex: "0", role: "region", "aria-label": caption },
    el(
      "table",
      {},
      el("caption", {}, caption),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          head.map((name, column) => heading(name, numeric[column])),
        ),
      ),
      el("tbody", {}, rows),
    ),
  );
}

const heading = (name, numeric) =>
  name ? el("th", { scope: "col", class: numeric ? "number" : null }, name) : el("td", {});
