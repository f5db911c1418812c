// Slack's own markup, for texts that are mrkdwn: into nodes, never into HTML.

import { formatted } from "./dates.js";
import { el } from "./dom.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const TOKENS = [
  /```([\s\S]+?)```/,
  /`([^`\n]+)`/,
  /<([^<>\n]+)>/,
  /(?<![\w*])\*([^*\n]+)\*(?!\w)/,
  /(?<!\w)_([^_\n]+)_(?!\w)/,
  /(?<!\w)~([^~\n]+)~(?!\w)/,
];
const TOKEN = new RegExp(TOKENS.map((token) => token.source).join("|"), "g");

const unescaped = (text) => text.replace(/&(lt|gt|amp);/g, (entity) => ENTITIES[entity]);
export const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;" })[c]);

export function mrkdwn(text, context) {
  const parts = [];
  for (const line of quotedLines(text)) {
    const nodes = inline(line.text, context);
    parts.push(line.quoted ? el("blockquote", {}, nodes) : nodes);
  }
  return parts.flat();
}

// Lines that follow one another and begin with > are one quote.
function quotedLines(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const quoted = line.startsWith("&gt;") || line.startsWith(">");
    const shown = quoted ? line.replace(/^(&gt;|>)\s?/, "") : line;
    const last = found.at(-1);
    if (last && last.quoted === quoted) last.text += `\n${shown}`;
    else found.push({ text: shown, quoted });
  }
  return found;
}

function inline(text, context) {
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(TOKEN)) {
    nodes.push(unescaped(text.slice(done, match.index)));
    nodes.push(token(match, context));
    done = match.index + match[0].length;
  }
  nodes.push(unescaped(text.slice(done)));
  return nodes.filter((node) => node !== "");
}

function token([, pre, code, angle, bold, italic, strike], context) {
  if (pre !== undefined) return el("pre", { tabindex: "0" }, unescaped(pre.replace(/^\n|\n$/g, "")));
  if (code !== undefined) return el("code", {}, unescaped(code));
  if (bold !== undefined) return el("strong", {}, inline(bold, context));
  if (italic !== undefined) return el("em", {}, inline(italic, context));
  if (strike !== undefined) return el("s", {}, inline(strike, context));
  return angled(angle, context);
}

function angled(inner, context) {
  const [target, label] = inner.split("|", 2);
  const [first, rest] = [target[0], target.slice(1)];
  if (first === "@") return mention(`@${context.name(rest)}`);
  if (first === "#") return mention(`#${label ?? context.channel(rest)}`);
  if (first !== "!") return anchor(target, unescaped(label ?? target));
  const [kind, timestamp, format] = rest.split("^");
  if (kind === "date") return el("time", {}, formatted(timestamp, format, context.locale));
  return mention(label ?? `@${rest.replace("subteam^", "")}`);
}

export const mention = (text) => el("span", { class: "mention" }, text);

// Only what a browser may follow without running anything becomes a link.
export function anchor(url, text) {
  if (!/^(https?:|mailto:)/i.test(url)) return document.createTextNode(text);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}
