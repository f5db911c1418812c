// The names under a chart: side by side where they fit, aslant where not, and thinned where even that is too close.

import { svg } from "./dom.js";

const APART = 8; // between two names side by side
const LINE = 17; // from one slanted name to the next, as their height needs it
const LONGEST = 130;
const SLANT = Math.SQRT1_2; // the sine of 45°

const pen = document.createElement("canvas").getContext("2d");

function widthOf(text) {
  pen.font = `11.5px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

// Without its middle: of ids the end tells them apart, of words the beginning.
function shortened(text, longest) {
  if (widthOf(text) <= longest) return text;
  const letters = [...text];
  const cut = (kept) => `${letters.slice(0, Math.ceil(kept / 2)).join("")}…${letters.slice(-Math.floor(kept / 2)).join("")}`;
  let kept = letters.length - 1;
  while (kept > 2 && widthOf(cut(kept)) > longest) kept -= 1;
  return cut(kept);
}

// How the names stand, and how much more height than one line of text that takes.
export function labelled(categories, area) {
  const wide = (area.right - area.left) / categories.length;
  const widest = Math.max(...categories.map(widthOf));
  const x = (index) => area.left + wide * (index + 0.5);
  if (widest + APART <= wide) {
    const flat = (name, index) =>
      svg("text", { class: "tick name", x: x(index), y: area.bottom + 18, "text-anchor": "middle" }, name);
    return { names: categories.map(flat), more: 0 };
  }
  const every = Math.ceil(LINE / wide);
  const longest = Math.min(LONGEST, x(0) / SLANT); // the first one ends at the drawing's edge
  const slanted = (name, index) =>
    index % every === 0 &&
    svg(
      "text",
      {
        class: "tick name",
        transform: `translate(${x(index) + 4} ${area.bottom + 14}) rotate(-45)`,
        "text-anchor": "end",
      },
      shortened(name, longest),
      svg("title", {}, name),
    );
  return { names: categories.map(slanted), more: Math.ceil(Math.min(widest, longest) * SLANT) };
}
