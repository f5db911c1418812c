// Rich text: sections, quotes, lists, preformatted text, and what stands in their lines.

import { formatted } from "./dates.js";
import { el } from "./dom.js";
import { anchor, mention } from "./mrkdwn.js";

const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code", underline: "u", highlight: "mark" };

export const richText = (block, context) => block.elements.map((part) => PARTS[part.type]?.(part, context));

const run = (elements, context) => elements.map((element) => styled(element, INLINE[element.type]?.(element, context)));

const PARTS = {
  rich_text_section: (part, context) => el("p", {}, run(part.elements, context)),
  rich_text_quote: (part, context) => el("blockquote", {}, run(part.elements, context)),
  rich_text_preformatted: (part, context) => el("pre", { tabindex: "0" }, run(part.elements, context)),
  rich_text_list: (part, context) =>
    el(
      part.style === "ordered" ? "ol" : "ul",
      { class: `indent-${part.indent ?? 0}` },
      part.elements.map((item) => el("li", {}, run(item.elements, context))),
    ),
};

const INLINE = {
  text: (element) => element.text,
  link: (element) => anchor(element.url, element.text ?? element.url),
  user: (element, context) => mention(`@${context.name(element.user_id)}`),
  usergroup: (element) => mention(`@${element.usergroup_id}`),
  channel: (element, context) => mention(`#${context.channel(element.channel_id)}`),
  broadcast: (element) => mention(`@${element.range}`),
  emoji: (element) => (element.unicode ? unicode(element.unicode) : `:${element.name}:`),
  color: (element) => el("code", {}, element.value),
  date: date,
};

function date(element, context) {
  const shown = formatted(element.timestamp, element.format, context.locale);
  const at = new Date(element.timestamp * 1000).toISOString();
  return el("time", { datetime: at, title: element.fallback }, element.url ? anchor(element.url, shown) : shown);
}

const unicode = (points) => String.fromCodePoint(...points.split("-").map((point) => Number.parseInt(point, 16)));

function styled(element, node) {
  return Object.keys(element.style ?? {})
    .filter((name) => element.style[name] && STYLES[name])
    .reduce((inner, name) => el(STYLES[name], {}, inner), node ?? "");
}
