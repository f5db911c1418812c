// Charts with what makes them readable: a title, axes with names, a legend, and the same figures as a table.

import { labelled } from "./chart_labels.js";
import { areaOf, bars, lines, pie } from "./chart_shapes.js";
import { el, figure, newId, number, svg } from "./dom.js";
import { scrolled } from "./tables.js";

const STEPS = 4;
const NARROW = 600; // pixels of the window under which the letters of a wide drawing would be too small
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export function chart(block) {
  const { chart: told, title } = block;
  const name = newId("chart");
  const area = areaOf(window.innerWidth < NARROW);
  const { shapes, more } = told.type === "pie" ? { shapes: pie(told.segments, area), more: 0 } : plotted(told, area);
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${area.width} ${area.height + more}`, role: "img", "aria-label": spoken(title, told) },
    shapes,
  );
  return el(
    "figure",
    { class: "chart", "aria-labelledby": name },
    el("figcaption", { id: name }, title),
    drawing,
    legend(told),
    el("details", {}, el("summary", {}, "Show as a table"), figures(title, told)),
  );
}

function plotted(told, area) {
  const values = told.series.flatMap((series) => series.data.map((point) => point.value));
  const scale = scaleOf(Math.min(0, ...values), Math.max(0, ...values), values.every(Number.isInteger), area);
  const { names, more } = labelled(told.axis_config.categories, area);
  const drawn =
    told.type === "bar" ? bars(told.series, scale, area) : lines(told.series, scale, area, told.type === "area");
  return { shapes: [grid(scale, told.axis_config, area, more), names, drawn], more };
}

// Round steps from the least to the most: 0, 5, 10 and not 0, 4.6, 9.2; what is counted has no halves.
function scaleOf(least, most, whole, area) {
  const rough = (most - least || 1) / STEPS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const round = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough);
  const step = whole ? Math.max(1, Math.ceil(round)) : round;
  const [low, high] = [Math.floor(least / step) * step, Math.ceil(most / step) * step || step];
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, index) => low + index * step);
  const y = (value) => area.bottom - ((value - low) / (high - low)) * (area.bottom - area.top);
  return { ticks, y };
}

function grid(scale, axis, area, more) {
  const rows = scale.ticks.map((tick) => [
    svg("line", { class: "grid", x1: area.left, x2: area.right, y1: scale.y(tick), y2: scale.y(tick) }),
    svg("text", { class: "tick", x: area.left - 8, y: scale.y(tick) + 4, "text-anchor": "end" }, short.format(tick)),
  ]);
  const middle = (area.top + area.bottom) / 2;
  return [
    ...rows,
    axis.y_label &&
      svg(
        "text",
        { class: "axis", transform: `translate(14 ${middle}) rotate(-90)`, "text-anchor": "middle" },
        axis.y_label,
      ),
    axis.x_label &&
      svg(
        "text",
        { class: "axis", x: (area.left + area.right) / 2, y: area.height + more - 6, "text-anchor": "middle" },
        axis.x_label,
      ),
  ];
}

const named = (told) =>
  told.type === "pie" ? told.segments.map((one) => one.label) : told.series.map((one) => one.name);

const legend = (told) =>
  el(
    "ul",
    { class: "legend" },
    named(told).map((name, index) => el("li", {}, el("span", { class: `key hue-${index}` }), name)),
  );

function figures(title, told) {
  if (told.type === "pie") {
    const rows = told.segments.map((one) => el("tr", {}, el("th", { scope: "row" }, one.label), cell(one.value)));
    return scrolled(title, ["", "Value"], rows);
  }
  const { categories, x_label: x } = told.axis_config;
  const rows = categories.map((category, index) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, category),
      told.series.map((series) => cell(series.data[index].value)),
    ),
  );
  return scrolled(title, [x ?? "", ...named(told)], rows);
}

const cell = (value) => el("td", { class: "number" }, figure(value));

function spoken(title, told) {
  const points = told.type === "pie" ? told.segments : told.series.flatMap((series) => series.data);
  const values = points.map((point) => point.value);
  const span = `from ${number(Math.min(...values))} to ${number(Math.max(...values))}`;
  return `${title}: a ${told.type} chart of ${named(told).join(", ")}, ${span}. The table below has the figures.`;
}
