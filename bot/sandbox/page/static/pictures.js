// Pictures and avatars. The page asks nothing outside of itself: a picture from elsewhere is named, not fetched.

import { el } from "./dom.js";

export function picture(image) {
  const url = image.image_url ?? "";
  if (url.startsWith(`${location.origin}/`)) return el("img", { src: url, alt: image.alt_text });
  return el("span", { class: "picture", role: "img", "aria-label": image.alt_text }, `🖼 ${image.alt_text}`);
}

const HUES = 6;

// A letter on a colour that is always the same for the same name.
export function avatar(name, kind = "") {
  const hue = [...name].reduce((sum, c) => sum + c.codePointAt(0), 0) % HUES;
  const shown = kind === "app" ? "✓✓" : [...name][0].toUpperCase();
  return el("span", { class: `avatar face-${hue} ${kind}`, "aria-hidden": "true" }, shown);
}
