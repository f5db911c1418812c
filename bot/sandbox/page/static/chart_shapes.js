// The shapes of a chart: bars, lines with or without the area under them, slices. Colours come from the style sheet.

import { svg } from "./dom.js";

export const AREA = { width: 560, height: 260, left: 58, right: 548, top: 14, bottom: 206 };

const slot = (series) => (AREA.right - AREA.left) / series[0].data.length;

export function bars(series, scale) {
  const wide = slot(series);
  const each = Math.min(44, (wide * 0.7) / series.length);
  const zero = scale.y(0);
  return series.flatMap((one, index) =>
    one.data.map((point, at) => {
      const x = AREA.left + wide * (at + 0.5) + (index - series.length / 2) * each;
      const y = scale.y(point.value);
      const size = { x: x + 1, y: Math.min(y, zero), width: each - 2, height: Math.abs(zero - y), rx: 2 };
      return svg("rect", { class: `hue-${index}`, ...size }, hint(one.name, point));
    }),
  );
}

export function lines(series, scale, filled) {
  const wide = slot(series);
  return series.flatMap((one, index) => {
    const points = one.data.map((point, at) => [AREA.left + wide * (at + 0.5), scale.y(point.value)]);
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

export function pie(segments) {
  const whole = segments.reduce((sum, one) => sum + one.value, 0);
  const [cx, cy, radius] = [AREA.width / 2, AREA.height / 2, 112];
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

const hint = (name, point) => svg("title", {}, `${name ? `${name}, ` : ""}${point.label}: ${point.value}`);
