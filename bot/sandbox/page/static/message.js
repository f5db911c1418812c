// One message as its readers see it: who, when, the blocks, its thread and its menu.

import { drawBlocks } from "./blocks.js";
import { contextOf } from "./context.js";
import { clock, formatted } from "./dates.js";
import { el, newId } from "./dom.js";
import { menuOf } from "./menu.js";
import { mrkdwn } from "./mrkdwn.js";
import { avatar } from "./pictures.js";

const unfolded = new Set();

export function drawMessage(message, replies, store) {
  const who = store.workspace.users.get(message.user);
  const name = newId("by");
  const context = contextOf(store, { channel: message.channel, ts: message.ts });
  return el(
    "li",
    {
      class: message.ephemeral_to ? "message ephemeral" : "message",
      tabindex: "-1",
      "data-ts": message.ts,
      "data-kind": message.metadata?.event_type,
      "data-state": message.metadata?.event_payload?.state,
    },
    avatar(who?.real_name || who?.name || "?", who?.is_bot ? "app" : ""),
    el(
      "article",
      { "aria-labelledby": name },
      byline(message, who, name, context.locale),
      el("div", { class: "blocks" }, body(message, context)),
      replies.length > 0 && thread(message, replies, store),
    ),
    !message.ephemeral_to && menuOf(message, store),
  );
}

const body = (message, context) =>
  message.blocks.length > 0
    ? drawBlocks(message.blocks, context)
    : el("p", { class: "words" }, mrkdwn(message.text, context));

function byline(message, who, name, locale) {
  const at = new Date(Number(message.ts) * 1000);
  const whole = formatted(Number(message.ts), "{date_long} {time_secs}", locale);
  return el(
    "header",
    { class: "byline" },
    el("strong", { id: name }, who?.name ?? message.user),
    who?.is_bot && el("span", { class: "badge" }, "app"),
    el("time", { datetime: at.toISOString(), title: whole }, clock(message.ts, locale)),
    message.edited_ts && el("span", { class: "faint" }, "(edited)"),
    message.ephemeral_to && el("span", { class: "only-you" }, "Only visible to you"),
  );
}

function thread(message, replies, store) {
  const key = `${message.channel}/${message.ts}`;
  const count = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  const toggled = (event) => (event.target.open ? unfolded.add(key) : unfolded.delete(key));
  return el(
    "details",
    { class: "thread", open: unfolded.has(key), toggle: toggled },
    el("summary", { "data-focus": `thread-${message.ts}` }, count),
    el(
      "ol",
      { class: "messages" },
      replies.map((reply) => drawMessage(reply, [], store)),
    ),
  );
}
