// The shapes of a chart: bars, lines with or without the area under them, slices. Colours come from the style sheet.

import { figure, svg } from "./dom.js";

const LEAST = 4; // of a bar that stands for next to nothing; two pixels where the drawing is at its smallest

export function areaOf(narrow) {
  const width = narrow ? 360 : 560;
  return { width, height: 260, left: 58, right: width - 12, top: 14, bottom: 206 };
}

const slot = (series, area) => (area.right - area.left) / series[0].data.length;

export function bars(series, scale, area) {
  const wide = slot(series, area);
  const each = Math.min(44, (wide * 0.7) / series.length);
  const gap = each > 4 ? 1 : 0;
  const zero = scale.y(0);
  return series.flatMap((one, index) =>
    one.data.map((point, at) => {
      const x = area.left + wide * (at + 0.5) + (index - series.length / 2) * each;
      const y = scale.y(point.value);
      const height = point.value === 0 ? 0 : Math.max(LEAST, Math.abs(zero - y));
      const top = point.value < 0 ? zero : zero - height;
      const size = { x: x + gap, y: top, width: each - 2 * gap, height, rx: Math.min(2, each / 2) };
      return svg("rect", { class: `hue-${index}`, ...size }, hint(one.name, point));
    }),
  );
}

export function lines(series, scale, area, filled) {
  const wide = slot(series, area);
  return series.flatMap((one, index) => {
    const points = one.data.map((point, at) => [area.left + wide * (at + 0.5), scale.y(point.value)]);
    const path = points.map(([x, y], at) => `${at ? "L" : "M"}${x} ${y}`).join("");
    const under = `${path}L${points.at(-1)[0]} ${scale.y(0)}L${points[0][0]} ${scale.y(0)}Z`;
    return [
      filled && svg("path", { class: `under hue-${index}`, d: under }),
      svg("path", { class: `line hue-${index}`, d: path }),
      ...points.map(([cx, cy], at) =>
        svg("circle", { class: `hue-${index}`, cx, cy, r: 4 }, hint(one.name, one.data[at])),
      ),
    ];
  });
}

export function pie(segments, area) {
  const whole = segments.reduce((sum, one) => sum + one.value, 0);
  const [cx, cy, radius] = [area.width / 2, area.height / 2, 112];
  let from = -Math.PI / 2;
  return segments.map((one, index) => {
    const angle = (one.value / whole) * 2 * Math.PI;
    const [start, end] = [from, (from += angle)];
    if (segments.length === 1) return svg("circle", { class: "hue-0 slice", cx, cy, r: radius }, hint("", one));
    const at = (turn) => `${cx + radius * Math.cos(turn)} ${cy + radius * Math.sin(turn)}`;
    const d = `M${cx} ${cy}L${at(start)}A${radius} ${radius} 0 ${angle > Math.PI ? 1 : 0} 1 ${at(end)}Z`;
    return svg("path", { class: `hue-${index} slice`, d }, hint("", one));
  });
}

const hint = (name, point) => svg("title", {}, `${name ? `${name}, ` : ""}${point.label}: ${figure(point.value)}`);
