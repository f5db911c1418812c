// The menu of a message, with the app's shortcut. Arrow keys are not needed for one entry; Escape closes it.

import { el } from "./dom.js";
import { act } from "./server.js";

const SHORTCUT = { callback_id: "request_deactivation", label: "Ask to deactivate" };

export function menuOf(message, store) {
  const opener = el(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "data-focus": `menu-${message.ts}`,
      click: () => (list.hidden ? open() : close()),
    },
    "⋯",
  );
  const entry = el(
    "button",
    { type: "button", role: "menuitem", "data-shortcut": SHORTCUT.callback_id, click: choose },
    SHORTCUT.label,
  );
  const list = el("div", { class: "menu-list", role: "menu", "aria-label": "Message", hidden: true }, entry);
  const menu = el("div", { class: "menu", keydown: escape, focusout: left }, opener, list);

  function open() {
    list.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    entry.focus();
  }

  function close() {
    list.hidden = true;
    opener.setAttribute("aria-expanded", "false");
  }

  function escape(event) {
    if (event.key !== "Escape" || list.hidden) return;
    close();
    opener.focus();
  }

  function left(event) {
    if (!menu.contains(event.relatedTarget)) close();
  }

  function choose() {
    close();
    opener.focus();
    const { channel, ts } = message;
    act("shortcut", { user: store.person, channel, ts, callback_id: SHORTCUT.callback_id });
  }

  return menu;
}
