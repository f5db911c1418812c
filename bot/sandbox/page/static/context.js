// What drawing needs to know beside the blocks: names, the reader's language, and what a press does.

import { mrkdwn } from "./mrkdwn.js";
import { act } from "./server.js";

// `source` names where the blocks stand: `{channel, ts}` of a message, or `{view}`.
export function contextOf(store, source) {
  const context = {
    name: (user) => store.name(user),
    people: () => [...store.workspace.users.values()].filter((user) => !user.deleted && !user.is_bot),
    channel: (id) => store.workspace.channels.get(id)?.name || id,
    locale: store.me?.locale ?? "en-US",
    text: (object) => (object.type === "mrkdwn" ? mrkdwn(object.text, context) : object.text),
    act: (block, element, value) =>
      act("click", {
        user: store.person,
        ...source,
        block_id: block.block_id,
        action_id: element.action_id,
        value,
      }),
  };
  return context;
}
